// The head of a request: what Beast parsed, checked for what it lets pass and a proxy might understand otherwise.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <string>
#include <string_view>

namespace brim::apps::serve {

using RequestParser = boost::beast::http::request_parser<boost::beast::http::string_body>;

/// Sets the limits that hold while a request is parsed: kHeaderLimit, and `body_limit` bytes of body.
void set_limits(RequestParser& parser, std::size_t body_limit);

/// The path as it was sent, without a query, as far as it has come.
std::string path_of(const RequestParser& parser);
/// What follows the '?' as it was sent; "" where there is none.
std::string query_of(const RequestParser& parser);

/// What is looked at of a head; views into the parser.
struct RequestHead {
  std::string method;
  std::string_view host, origin, authorization, api_key;
  std::string_view asked_headers;  ///< Access-Control-Request-Headers
  std::string_view if_none_match;  ///< what a browser has of the page
  bool modern = true;              ///< HTTP/1.1
  bool expects = false;            ///< waits for "100 Continue" before it sends its body
};

/// Once the head is complete. Throws Refusal (400), after which the connection cannot be used any more, where it is not
/// certain where the request ends or whom it is for (RFC 9112, 3.2 and 6.3): a transfer coding that does not end with
/// "chunked", one together with a length or in HTTP/1.0, and two of Host, Origin, Authorization or x-api-key.
RequestHead request_head(const RequestParser& parser);

}  // namespace brim::apps::serve
