// The web page: files that need no key, and the headers that bind a browser to them.
#pragma once

#include <string_view>

#include "apps/serve/reply.hpp"

namespace brim::apps::serve {

/// Whether the page has a file at this path: "/", "/page.js", "/page.css", "/icon.svg", "/licenses".
bool is_page_path(std::string_view path);

/// The file at `path`, which is_page_path() knows, or 304 where `if_none_match` (the header, "" where it is absent) names
/// what the client already has. Throws Refusal (405) for methods other than GET and HEAD.
Reply page_reply(std::string_view method, std::string_view path, std::string_view if_none_match);

}  // namespace brim::apps::serve
