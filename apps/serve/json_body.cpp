// See json_body.hpp.
#include "apps/serve/json_body.hpp"

#include <fmt/format.h>

#include "apps/serve/reply.hpp"

namespace brim::apps::serve {
namespace {

/// What is in a text that may be JSON; of one that is not, any numbers.
void check_limits(std::string_view body, const JsonLimits& limits) {
  std::size_t depth = 0, values = 1;
  bool inside = false;  // a string
  for (std::size_t at = 0; at < body.size(); ++at) {
    const char byte = body[at];
    if (inside) {
      if (byte == '\\') ++at;
      inside = byte != '"';
      continue;
    }
    inside = byte == '"';
    if (byte == '[' || byte == '{') ++depth;
    if (byte == '[' || byte == '{' || byte == ',') ++values;
    if ((byte == ']' || byte == '}') && depth > 0) --depth;
    if (depth > limits.depth) {
      throw Refusal(400,
                    fmt::format("the body has arrays and objects inside each other more than {} deep", limits.depth));
    }
    if (values > limits.values) throw Refusal(400, fmt::format("the body has more than {} values", limits.values));
  }
}

}  // namespace

const char* kind_of(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_boolean()) return "true or false";
  if (value.is_number_integer()) return "a whole number";
  if (value.is_number()) return "a number with a fraction";
  if (value.is_string()) return "a string";
  return value.is_array() ? "an array" : "an object";
}

Json parse_body(std::string_view body, const JsonLimits& limits) {
  check_limits(body, limits);
  try {
    return Json::parse(body.begin(), body.end());
  } catch (const Json::parse_error& failure) {
    throw Refusal(400, fmt::format("the body is not JSON: something is wrong at byte {}", failure.byte));
  } catch (const Json::exception&) {
    throw Refusal(400, "the body has a number that is out of range");
  }
}

std::string json_text(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace brim::apps::serve
