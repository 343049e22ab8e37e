// Typed reads of metadata for code that configures itself from a file: each returns either a checked value, or an error
// message.
#include <cmath>

#include "engine/base/quote.hpp"
#include "engine/io/gguf.hpp"

namespace brim::io {
namespace {

Error absent_key(const std::string& path, std::string_view key, const std::string& expected) {
  return error(ErrorCode::bad_file, path, " has no key ", quoted(key), " (expected ", expected, ")");
}

Error wrong_value(const std::string& path, std::string_view key, const std::string& found,
                  const std::string& expected) {
  return error(ErrorCode::bad_file, path, ": key ", quoted(key), " is ", found, ", expected ", expected);
}

}  // namespace

Result<std::int64_t> Gguf::integer(std::string_view key, std::optional<std::int64_t> absent, std::int64_t min,
                                   std::int64_t max) const {
  const auto expected = [&] { return sentence("an integer from ", min, " to ", max); };
  const Value* value = find(key);
  if (value == nullptr) {
    if (absent) return *absent;
    return absent_key(path_, key, expected());
  }
  const std::optional<std::int64_t> number = value->as_integer();
  if (!number || *number < min || *number > max) return wrong_value(path_, key, shown_for_integer(*value), expected());
  return *number;
}

Result<double> Gguf::number(std::string_view key, std::optional<double> absent) const {
  const Value* value = find(key);
  if (value == nullptr) {
    if (absent) return *absent;
    return absent_key(path_, key, "a number");
  }
  const std::optional<double> number = value->as_number();
  if (!number || !std::isfinite(*number)) return wrong_value(path_, key, shown(*value), "a finite number");
  return *number;
}

Result<bool> Gguf::boolean(std::string_view key, std::optional<bool> absent) const {
  const Value* value = find(key);
  if (value == nullptr) {
    if (absent) return *absent;
    return absent_key(path_, key, "a bool");
  }
  const std::optional<bool> flag = value->as_bool();
  if (!flag) return wrong_value(path_, key, shown(*value), "a bool");
  return *flag;
}

Result<std::string> Gguf::string(std::string_view key, std::optional<std::string> absent) const {
  const Value* value = find(key);
  if (value == nullptr) {
    if (absent) return *std::move(absent);
    return absent_key(path_, key, "a string");
  }
  const std::optional<std::string_view> text = value->as_string();
  if (!text) return wrong_value(path_, key, shown(*value), "a string");
  return std::string(*text);
}

}  // namespace brim::io
