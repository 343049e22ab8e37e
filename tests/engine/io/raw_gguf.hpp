// A GGUF file put together byte by byte, so that a test can make any field wrong. A correct file is defined once, in
// valid_file(); a case then replaces one piece.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace brim::test {

template <class Number>
std::string raw(Number number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}
inline std::string raw_string(std::string_view text) { return raw(std::uint64_t{text.size()}) + std::string(text); }

struct RawTensor {
  std::string name = "weight";
  std::vector<std::uint64_t> shape = {4, 2};
  std::uint32_t type = 0;
  std::uint64_t offset = 0;
  std::uint32_t dimensions = 0xFFFFFFFF;  ///< the shape's size unless set
};

struct RawGguf {
  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::vector<std::string> keys;  ///< each: name, type and value, already as bytes
  std::vector<RawTensor> tensors;
  std::string data;
  std::size_t alignment = 32;
  std::int64_t extra_keys = 0, extra_tensors = 0;  ///< added to the true counts in the header

  void key(std::string_view name, std::uint32_t type, const std::string& value) {
    keys.push_back(raw_string(name) + raw(type) + value);
  }

  std::string bytes() const {
    std::string out = magic + raw(version) + raw(tensors.size() + static_cast<std::uint64_t>(extra_tensors)) +
                      raw(keys.size() + static_cast<std::uint64_t>(extra_keys));
    for (const std::string& entry : keys) out += entry;
    for (const RawTensor& tensor : tensors) {
      const auto count =
          tensor.dimensions == 0xFFFFFFFF ? static_cast<std::uint32_t>(tensor.shape.size()) : tensor.dimensions;
      out += raw_string(tensor.name) + raw(count);
      for (const std::uint64_t length : tensor.shape) out += raw(length);
      out += raw(tensor.type) + raw(tensor.offset);
    }
    if (!tensors.empty()) out.resize((out.size() + alignment - 1) / alignment * alignment);
    return out + data;
  }
};

/// Two keys and two tensors: F32 4x2 at 0, Q4_0 32x2 at 32.
inline RawGguf valid_file() {
  RawGguf file;
  file.key("general.architecture", 8, raw_string("llama"));
  file.key("llama.block_count", 4, raw(std::uint32_t{2}));
  file.tensors.push_back({"a", {4, 2}, 0, 0});
  file.tensors.push_back({"b", {32, 2}, 2, 32});
  file.data.assign(32 + 36, '\1');
  return file;
}

inline std::span<const std::byte> as_bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

}  // namespace brim::test
