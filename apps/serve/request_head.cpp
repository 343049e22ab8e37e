// See request_head.hpp.
#include "apps/serve/request_head.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "apps/serve/reply.hpp"
#include "apps/serve/settings.hpp"

namespace brim::apps::serve {
namespace {

namespace http = boost::beast::http;
using Head = RequestParser::value_type;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

/// The value of a header that may stand there once.
template <class Name>
std::string_view only_value(const Head& head, Name name, const char* shown) {
  if (head.count(name) > 1) throw Refusal(400, fmt::format("the request has the header {} more than once", shown));
  return view(head[name]);
}

}  // namespace

void set_limits(RequestParser& parser, std::size_t body_limit) {
  parser.header_limit(static_cast<std::uint32_t>(kHeaderLimit));
  parser.body_limit(body_limit);
}

std::string path_of(const RequestParser& parser) {
  const std::string_view target = view(parser.get().target());
  return std::string(target.substr(0, target.find('?')));
}

std::string query_of(const RequestParser& parser) {
  const std::string_view target = view(parser.get().target());
  const std::size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string() : std::string(target.substr(mark + 1));
}

RequestHead request_head(const RequestParser& parser) {
  const Head& head = parser.get();
  RequestHead found;
  found.modern = head.version() >= 11;
  const bool coded = head.count(http::field::transfer_encoding) > 0;
  const bool sized = head.count(http::field::content_length) > 0;
  if (coded && (sized || !found.modern || !parser.chunked())) {
    throw Refusal(400,
                  "it is not certain where the request's body ends: expected Content-Length, or "
                  "'Transfer-Encoding: chunked' alone");
  }
  found.method.assign(view(head.method_string()));
  found.host = only_value(head, http::field::host, "Host");
  found.origin = only_value(head, http::field::origin, "Origin");
  found.authorization = only_value(head, http::field::authorization, "Authorization");
  found.api_key = only_value(head, "x-api-key", "x-api-key");
  found.asked_headers = view(head["Access-Control-Request-Headers"]);
  found.if_none_match = view(head[http::field::if_none_match]);
  found.expects = view(head[http::field::expect]) == "100-continue";
  return found;
}

}  // namespace brim::apps::serve
