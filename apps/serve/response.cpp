// See response.hpp.
#include "apps/serve/response.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace brim::apps::serve {
namespace {

void add_headers(std::string& text, const std::vector<Header>& headers, bool keep) {
  for (const Header& header : headers) text += fmt::format("{}: {}\r\n", header.name, header.value);
  text += keep ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
  text += "\r\n";
}

bool has_header(const std::vector<Header>& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [name](const Header& header) { return header.name == name; });
}

}  // namespace

const char* reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Internal Server Error";
  }
}

std::string whole_response(const Reply& reply, bool keep, bool only_head) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", reply.status, reason_of(reply.status));
  const bool empty = reply.status == 204 || reply.status == 304;
  if (!empty) {
    text += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", reply.type, reply.body.size());
  }
  if (!has_header(reply.headers, "Cache-Control")) text += "Cache-Control: no-store\r\n";
  text += "X-Content-Type-Options: nosniff\r\n";
  add_headers(text, reply.headers, keep);
  if (!only_head && !empty) text += reply.body;
  return text;
}

std::string stream_head(std::string_view type, const std::vector<Header>& headers, bool keep, bool chunked) {
  std::string text = fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nCache-Control: no-store\r\n"
      "X-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\n",
      type);
  if (chunked) text += "Transfer-Encoding: chunked\r\n";
  add_headers(text, headers, keep && chunked);
  return text;
}

std::string stream_piece(std::string_view data, bool chunked) {
  if (data.empty() || !chunked) return std::string(data);
  return fmt::format("{:x}\r\n{}\r\n", data.size(), data);
}

std::string_view stream_end(bool chunked) { return chunked ? "0\r\n\r\n" : ""; }

std::string event_text(std::string_view data, std::string_view name) {
  return name.empty() ? fmt::format("data: {}\n\n", data) : fmt::format("event: {}\ndata: {}\n\n", name, data);
}

}  // namespace brim::apps::serve
