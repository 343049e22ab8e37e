// A metadata value back to the bytes it has in a file: what the writer writes, and how two values are compared.
#include <string>

#include "engine/io/gguf_bytes.hpp"

namespace brim::io {
namespace {

// The low bytes of a widened number are the number as the file had it.
void append_scalar(std::string& out, const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value.data)) {
    append(out, static_cast<std::uint8_t>(*flag));
  } else if (const auto* real = std::get_if<double>(&value.data)) {
    if (value.type == ValueType::f32) {
      append(out, static_cast<float>(*real));
    } else {
      append(out, *real);
    }
  } else {
    const auto* small = std::get_if<std::int64_t>(&value.data);
    const std::uint64_t bits =
        small != nullptr ? static_cast<std::uint64_t>(*small) : std::get<std::uint64_t>(value.data);
    char bytes[sizeof bits];
    std::memcpy(bytes, &bits, sizeof bits);
    out.append(bytes, scalar_bytes(value.type));
  }
}

void append_array(std::string& out, const Array& array) {
  append(out, static_cast<std::uint32_t>(array.element));
  append(out, array.count);
  out.append(reinterpret_cast<const char*>(array.packed.data()), array.packed.size());
  for (const std::string_view text : array.strings) append_string(out, text);
  for (const Value& inner : array.nested) append_array(out, std::get<Array>(inner.data));
}

}  // namespace

std::string pack_value(const Value& value) {
  std::string out;
  append(out, static_cast<std::uint32_t>(value.type));
  if (const Array* array = value.as_array()) {
    append_array(out, *array);
  } else if (const auto text = value.as_string()) {
    append_string(out, *text);
  } else {
    append_scalar(out, value);
  }
  return out;
}

}  // namespace brim::io
