// Any bytes as a GGUF file: parsed or refused, and a parsed file can be read to its last byte. If the parser accepts a
// file, the writer must write it back unchanged.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "engine/base/quote.hpp"
#include "engine/io/gguf.hpp"
#include "engine/io/gguf_bytes.hpp"

namespace {

using namespace brim;

// A sum over everything, so that the compiler keeps the reads and the sanitizer sees them.
std::uint64_t total = 0;

void walk(const io::Value& value) {
  total += static_cast<std::uint64_t>(value.as_integer().value_or(1)) + (value.as_bool().value_or(false) ? 1u : 0u);
  total += value.as_number().value_or(0) > 0 ? 1 : 0;
  total += io::type_text(value).size();
  if (const auto text = value.as_string()) total += quoted(*text).size();
  const io::Array* array = value.as_array();
  if (array == nullptr) return;
  for (std::uint64_t index = 0; index < array->count; ++index) walk(io::array_element(*array, index));
}

void check(bool holds) {
  if (!holds) std::abort();
}

void read_typed(const io::Gguf& gguf, std::string_view key) {
  const auto integer = gguf.integer(key, std::nullopt, 0, 1 << 20);
  check(!integer || (*integer >= 0 && *integer <= 1 << 20));
  if (!integer) check(integer.error().sentence.find('\n') == std::string::npos);
  const auto number = gguf.number(key, 0.0);
  total += number.ok() + gguf.boolean(key, true).ok() + gguf.string(key, std::nullopt).ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto gguf = io::Gguf::parse(bytes, "fuzz.gguf");
  if (!gguf) {
    check(gguf.error().sentence.size() < 2000 && gguf.error().sentence.find('\n') == std::string::npos);
    return 0;
  }
  for (const auto& entry : gguf->metadata()) {
    walk(entry.value);
    check(gguf->find(entry.key) == &entry.value);
    read_typed(*gguf, entry.key);
    const std::string packed = io::pack_value(entry.value);
    io::Cursor cursor(std::as_bytes(std::span(packed)));
    std::uint64_t nested_left = 1 << 16;
    const auto again = io::read_value(cursor, "packed", nested_left);
    check(again.ok() && cursor.left() == 0 && io::pack_value(*again) == packed);
  }
  read_typed(*gguf, "general.alignment");
  std::uint64_t sizes = 0;
  for (const io::Tensor& tensor : gguf->tensors()) {
    check(gguf->tensor(tensor.name) == &tensor);
    const quant::Matrix matrix = tensor.matrix();
    check(static_cast<std::uint64_t>(matrix.rows) * matrix.row_bytes == tensor.data.size());
    for (const std::byte byte : tensor.data) total += std::to_integer<unsigned>(byte);
    sizes += tensor.data.size();
  }
  check(sizes == gguf->tensor_bytes() && sizes <= size);
  return 0;
}
