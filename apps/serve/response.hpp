// HTTP/1.1 responses as bytes (RFC 9112), and the form of server-sent events (HTML living standard, 9.2).
#pragma once

#include <string>
#include <string_view>

#include "apps/serve/reply.hpp"

namespace brim::apps::serve {

/// "Not Found"
const char* reason_of(int status);

/// Status line, headers and body. `keep`: whether the connection is kept for another request. `only_head`: for HEAD.
std::string whole_response(const Reply& reply, bool keep, bool only_head = false);

inline constexpr std::string_view kEventStream = "text/event-stream; charset=utf-8";

/// The status line and the headers of a stream. `type`: its Content-Type; `chunked`: HTTP/1.1; otherwise the end of the
/// connection is the end of the stream.
std::string stream_head(std::string_view type, const std::vector<Header>& headers, bool keep, bool chunked);
/// `data` as a chunk, or as it is.
std::string stream_piece(std::string_view data, bool chunked);
/// What ends a stream.
std::string_view stream_end(bool chunked);

/// An event with one line of data, which has no line break. `name` "": an event without a name.
std::string event_text(std::string_view data, std::string_view name = {});
/// A comment, which clients ignore: it keeps connections from being closed as idle.
inline constexpr std::string_view kKeepAlive = ": keep-alive\n\n";
inline constexpr std::string_view kDone = "data: [DONE]\n\n";

}  // namespace brim::apps::serve
