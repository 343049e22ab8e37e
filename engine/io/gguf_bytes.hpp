// The bytes under a GGUF file: numbers at unaligned places, sizes and names of value types, and a cursor that cannot
// run over the end. Private to engine/io. Everything is little-endian, as is every machine Brim builds for.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"

namespace brim::io {

static_assert(std::endian::native == std::endian::little, "GGUF numbers are read in place");

template <class Number>
Number load(const std::byte* bytes) {
  Number number;
  std::memcpy(&number, bytes, sizeof number);
  return number;
}

/// The opposite of load(): the number's bytes at the end of `out`.
template <class Number>
void append(std::string& out, Number number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof number);
}
/// A string as read_string() reads it.
inline void append_string(std::string& out, std::string_view text) {
  append(out, static_cast<std::uint64_t>(text.size()));
  out += text;
}

/// Bytes of a number or boolean; 0 for string and array.
std::size_t scalar_bytes(ValueType type);
/// "u32", "string", …
std::string_view type_name(ValueType type);
/// The number or boolean stored in scalar_bytes(type) bytes.
Value scalar_from_bytes(ValueType type, const std::byte* bytes);

/// Walks over untrusted bytes from front to back. Bytes of a file image are read from the file as they are reached; once that
/// has failed everything fails, and failure() says why.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes, FileImage* image = nullptr) : bytes_(bytes), image_(image) {}

  std::size_t at() const { return at_; }
  std::uint64_t left() const { return bytes_.size() - at_; }
  const std::optional<Error>& failure() const { return failure_; }

  /// Reads a number; false, and nothing read, when the bytes end before it does.
  template <class Number>
  bool take(Number& number) {
    if (left() < sizeof number || !reach(sizeof number)) return false;
    number = load<Number>(bytes_.data() + at_);
    at_ += sizeof number;
    return true;
  }
  /// The next `size` ≤ left() bytes; none when they could not be read.
  std::span<const std::byte> take_bytes(std::uint64_t size) {
    if (!reach(static_cast<std::size_t>(size))) return {};
    const auto taken = bytes_.subspan(at_, static_cast<std::size_t>(size));
    at_ += static_cast<std::size_t>(size);
    return taken;
  }

 private:
  bool reach(std::size_t size) {
    if (image_ == nullptr) return true;
    if (failure_) return false;
    const Status fetched = image_->fetch(at_ + size);
    if (!fetched) failure_ = fetched.error();
    return fetched.ok();
  }

  std::span<const std::byte> bytes_;
  FileImage* image_;
  std::size_t at_ = 0;
  std::optional<Error> failure_;
};

/// A string: 64-bit length, then its bytes (views into the cursor's). `subject` starts the sentence of an error.
Result<std::string_view> read_string(Cursor& cursor, const std::string& subject);

/// One value: 32-bit type, then the value. Allocates at most in proportion to the bytes it reads: `nested_left` counts
/// down the arrays inside arrays that the whole file may still hold.
Result<Value> read_value(Cursor& cursor, const std::string& subject, std::uint64_t& nested_left);

/// The bytes read_value would read: type and value.
std::string pack_value(const Value& value);

}  // namespace brim::io
