// The JSON of a request's body, with limits that hold before anything is parsed, and JSON as text.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace brim::apps::serve {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  ///< for what is written: members keep their order

struct JsonLimits {
  std::size_t depth = 64;  ///< arrays and objects inside each other
  std::size_t values = std::size_t{1} << 20;
};

/// Throws Refusal (400) for what is not JSON, for bytes that are not UTF-8, for a number that no double holds, and beyond
/// the limits.
Json parse_body(std::string_view body, const JsonLimits& limits = {});

/// "a string", "an array": for sentences about a value that should be another one.
const char* kind_of(const Json& value);

/// On one line; bytes that are not UTF-8 become U+FFFD.
std::string json_text(const OrderedJson& json);

}  // namespace brim::apps::serve
