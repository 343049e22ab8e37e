// A metadata value after parsing: its accessors and its text for messages. See gguf.hpp.
#include <cstring>
#include <limits>

#include "engine/base/quote.hpp"
#include "engine/io/gguf.hpp"
#include "engine/io/gguf_bytes.hpp"

namespace brim::io {

std::optional<std::int64_t> Value::as_integer() const {
  if (const auto* number = std::get_if<std::int64_t>(&data)) return *number;
  if (const auto* number = std::get_if<std::uint64_t>(&data)) {
    if (*number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return static_cast<std::int64_t>(*number);
    }
  }
  return std::nullopt;
}

std::optional<double> Value::as_number() const {
  if (const auto* number = std::get_if<double>(&data)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&data)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<std::uint64_t>(&data)) return static_cast<double>(*number);
  return std::nullopt;
}

std::optional<bool> Value::as_bool() const {
  if (const auto* flag = std::get_if<bool>(&data)) return *flag;
  return std::nullopt;
}

std::optional<std::string_view> Value::as_string() const {
  if (const auto* text = std::get_if<std::string_view>(&data)) return *text;
  return std::nullopt;
}

const Array* Value::as_array() const { return std::get_if<Array>(&data); }

Value scalar_from_bytes(ValueType type, const std::byte* bytes) {
  switch (type) {
    case ValueType::u8:
      return {type, std::uint64_t{load<std::uint8_t>(bytes)}};
    case ValueType::i8:
      return {type, std::int64_t{load<std::int8_t>(bytes)}};
    case ValueType::u16:
      return {type, std::uint64_t{load<std::uint16_t>(bytes)}};
    case ValueType::i16:
      return {type, std::int64_t{load<std::int16_t>(bytes)}};
    case ValueType::u32:
      return {type, std::uint64_t{load<std::uint32_t>(bytes)}};
    case ValueType::i32:
      return {type, std::int64_t{load<std::int32_t>(bytes)}};
    case ValueType::u64:
      return {type, load<std::uint64_t>(bytes)};
    case ValueType::i64:
      return {type, load<std::int64_t>(bytes)};
    case ValueType::f32:
      return {type, static_cast<double>(load<float>(bytes))};
    case ValueType::f64:
      return {type, load<double>(bytes)};
    case ValueType::boolean:
      return {type, load<std::uint8_t>(bytes) != 0};
    case ValueType::string:
    case ValueType::array:
      break;
  }
  return {type, std::uint64_t{0}};
}

Value array_element(const Array& array, std::uint64_t index) {
  if (array.element == ValueType::string) return {array.element, array.strings[index]};
  if (array.element == ValueType::array) return array.nested[index];
  return scalar_from_bytes(array.element, array.packed.data() + index * scalar_bytes(array.element));
}

std::size_t scalar_bytes(ValueType type) {
  switch (type) {
    case ValueType::u8:
    case ValueType::i8:
    case ValueType::boolean:
      return 1;
    case ValueType::u16:
    case ValueType::i16:
      return 2;
    case ValueType::u32:
    case ValueType::i32:
    case ValueType::f32:
      return 4;
    case ValueType::u64:
    case ValueType::i64:
    case ValueType::f64:
      return 8;
    case ValueType::string:
    case ValueType::array:
      break;
  }
  return 0;
}

std::string_view type_name(ValueType type) {
  static constexpr std::string_view kNames[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                                "bool", "string", "array", "u64", "i64", "f64"};
  const auto number = static_cast<std::size_t>(type);
  return number < std::size(kNames) ? kNames[number] : "?";
}

std::string type_text(const Value& value) {
  const Array* array = value.as_array();
  if (array == nullptr) return std::string(type_name(value.type));
  return "array of " + std::string(type_name(array->element));
}

std::string shown(const Value& value) {
  if (const auto* number = std::get_if<std::uint64_t>(&value.data)) return sentence(*number);
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) return sentence(*number);
  if (const auto* number = std::get_if<double>(&value.data)) return sentence(*number);
  if (const auto text = value.as_string()) return "the string " + quoted(*text);
  return "a value of type " + type_text(value);
}

std::string shown_for_integer(const Value& value) {
  const bool real = std::holds_alternative<double>(value.data);
  return real ? "the " + type_text(value) + " number " + shown(value) : shown(value);
}

}  // namespace brim::io
