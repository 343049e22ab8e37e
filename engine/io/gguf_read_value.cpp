// Parses one metadata value from untrusted bytes: each length and count is compared with the bytes left before it is
// used.
#include <algorithm>
#include <utility>

#include "engine/io/gguf_bytes.hpp"

namespace brim::io {
namespace {

constexpr int kDeepestArray = 4;

Error cut_off(const std::string& subject, std::string_view what, const Cursor& cursor) {
  return error(ErrorCode::bad_file, subject, " is cut off: expected ", what, ", but the file ends ", cursor.left(),
               " bytes on");
}

Result<ValueType> read_type(Cursor& cursor, const std::string& subject, std::string_view role) {
  std::uint32_t number = 0;
  if (!cursor.take(number)) return cut_off(subject, "a type number", cursor);
  if (number > static_cast<std::uint32_t>(ValueType::f64)) {
    return error(ErrorCode::bad_file, subject, " has ", role, " number ", number, ", expected 0 to 12");
  }
  return static_cast<ValueType>(number);
}

Status check_booleans(std::span<const std::byte> bytes, const std::string& subject) {
  const auto wrong = std::find_if(bytes.begin(), bytes.end(), [](std::byte byte) { return byte > std::byte{1}; });
  if (wrong == bytes.end()) return {};
  return error(ErrorCode::bad_file, subject, " has a bool stored as ", std::to_integer<int>(*wrong),
               ", expected 0 or 1");
}

Result<Array> read_array(Cursor& cursor, const std::string& subject, int depth, std::uint64_t& nested_left) {
  Array array;
  BRIM_ASSIGN(array.element, read_type(cursor, subject, "array element type"));
  if (!cursor.take(array.count)) return cut_off(subject, "the array's count", cursor);

  // The min size of an element: a string its length, an array its element type and count.
  const bool strings = array.element == ValueType::string, arrays = array.element == ValueType::array;
  const std::uint64_t min = strings ? 8 : arrays ? 12 : scalar_bytes(array.element);
  if (array.count > cursor.left() / min) {
    return error(ErrorCode::bad_file, subject, " is an array of ", array.count, " ", type_name(array.element),
                 " (at least ", min, " bytes each), but the file ends ", cursor.left(), " bytes on");
  }
  if (!strings && !arrays) {
    array.packed = cursor.take_bytes(array.count * min);
    if (cursor.failure()) return *cursor.failure();
    if (array.element == ValueType::boolean) BRIM_TRY(check_booleans(array.packed, subject));
    return array;
  }
  if (strings) {
    array.strings.reserve(static_cast<std::size_t>(array.count));
    for (std::uint64_t index = 0; index < array.count; ++index) {
      BRIM_ASSIGN(const std::string_view text, read_string(cursor, subject));
      array.strings.push_back(text);
    }
    return array;
  }
  if (depth >= kDeepestArray) {
    return error(ErrorCode::unsupported, subject, " has arrays nested deeper than ", kDeepestArray, " levels");
  }
  if (array.count > nested_left) {
    return error(ErrorCode::unsupported, subject, " has an array of ", array.count,
                 " arrays, which is more than Brim reads from one file");
  }
  nested_left -= array.count;
  array.nested.reserve(static_cast<std::size_t>(array.count));
  for (std::uint64_t index = 0; index < array.count; ++index) {
    BRIM_ASSIGN(Array inner, read_array(cursor, subject, depth + 1, nested_left));
    array.nested.push_back({ValueType::array, std::move(inner)});
  }
  return array;
}

}  // namespace

Result<std::string_view> read_string(Cursor& cursor, const std::string& subject) {
  std::uint64_t length = 0;
  if (!cursor.take(length)) return cut_off(subject, "a string's length", cursor);
  if (length > cursor.left()) {
    return error(ErrorCode::bad_file, subject, " has a string of ", length, " bytes, but the file ends ", cursor.left(),
                 " bytes on");
  }
  const auto bytes = cursor.take_bytes(length);
  if (cursor.failure()) return *cursor.failure();
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Result<Value> read_value(Cursor& cursor, const std::string& subject, std::uint64_t& nested_left) {
  BRIM_ASSIGN(const ValueType type, read_type(cursor, subject, "value type"));
  if (type == ValueType::string || type == ValueType::array) {
    Value value;
    value.type = type;
    if (type == ValueType::string) {
      BRIM_ASSIGN(value.data, read_string(cursor, subject));
    } else {
      BRIM_ASSIGN(value.data, read_array(cursor, subject, 1, nested_left));
    }
    return value;
  }
  const std::size_t size = scalar_bytes(type);
  if (cursor.left() < size) return cut_off(subject, type_name(type), cursor);
  const auto bytes = cursor.take_bytes(size);
  if (cursor.failure()) return *cursor.failure();
  if (type == ValueType::boolean) BRIM_TRY(check_booleans(bytes, subject));
  return scalar_from_bytes(type, bytes.data());
}

}  // namespace brim::io
