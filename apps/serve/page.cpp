// See page.hpp.
#include "apps/serve/page.hpp"

#include <fmt/format.h>

#include <string>

#include "apps/serve/page_files.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps::serve {
namespace {

const PageFile* find(std::string_view path) {
  for (const PageFile& file : page_files()) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

/// If-None-Match is "*" or a list of tags; W/ before one does not matter here (RFC 9110, 13.1.2). Tags hold no commas.
bool names_tag(std::string_view header, std::string_view tag) {
  while (!header.empty()) {
    std::string_view item = header.substr(0, header.find(','));
    header.remove_prefix(item.size() < header.size() ? item.size() + 1 : item.size());
    while (item.starts_with(' ') || item.starts_with('\t')) item.remove_prefix(1);
    while (item.ends_with(' ') || item.ends_with('\t')) item.remove_suffix(1);
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == tag || item == "*") return true;
  }
  return false;
}

}  // namespace

bool is_page_path(std::string_view path) { return find(path) != nullptr; }

Reply page_reply(std::string_view method, std::string_view path, std::string_view if_none_match) {
  if (method != "GET" && method != "HEAD") {
    throw Refusal(405, fmt::format("{} takes GET, not {}", path, quoted(method)), "", "method_not_allowed");
  }
  const PageFile* const file = find(path);
  if (file == nullptr) throw Refusal(404, fmt::format("there is no {} here", quoted(path)), "", "not_found");
  Reply reply;
  reply.type = std::string(file->type);
  // A new version of brim brings another page at the same paths: browsers keep it, and ask each time.
  reply.headers = {
      {"Cache-Control", "no-cache"},
      {"ETag", std::string(file->tag)},
      {"Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
  };
  if (names_tag(if_none_match, file->tag)) {
    reply.status = 304;
  } else {
    reply.body.assign(reinterpret_cast<const char*>(file->data), file->size);
  }
  return reply;
}

}  // namespace brim::apps::serve
