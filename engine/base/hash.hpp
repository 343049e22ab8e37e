// FNV-1a with 64 bits: shows whether something has changed, for files that belong together (packed weights and their
// model, a profile and its model). No protection against a person who deliberately creates two inputs with the same
// hash.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace brim {

class Hash {
 public:
  void add(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < size; ++i) value_ = (value_ ^ bytes[i]) * 0x100000001b3ull;
  }
  /// Includes its size, so that two texts in a row differ from their concatenation.
  void text(std::string_view text) {
    number(text.size());
    add(text.data(), text.size());
  }
  template <class Number>
  void number(Number value) {
    const auto wide = static_cast<std::uint64_t>(value);
    add(&wide, sizeof wide);
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325ull;
};

/// The same for megabytes, eight bytes at a time: a change within any eight bytes always gives another sum.
class Checksum {
 public:
  /// All but the last call: a multiple of eight bytes. What is missing to the last eight counts as zeros.
  void add(std::span<const std::byte> bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data() + at, std::min(sizeof word, bytes.size() - at));
      value_ = std::rotl((value_ ^ word) * 0x9e3779b97f4a7c15ull, 31);
    }
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325ull;
};

/// For gigabytes: four sums side by side, as fast as memory is read. A change within any 32 bytes always gives another sum.
inline std::uint64_t fast_checksum(std::span<const std::byte> bytes) {
  constexpr std::size_t kLanes = 4, kStep = kLanes * sizeof(std::uint64_t);
  std::uint64_t lanes[kLanes] = {1, 2, 3, 4};
  std::size_t at = 0;
  for (; at + kStep <= bytes.size(); at += kStep) {
    std::uint64_t words[kLanes];
    std::memcpy(words, bytes.data() + at, kStep);
    for (std::size_t i = 0; i < kLanes; ++i) lanes[i] = std::rotl((lanes[i] ^ words[i]) * 0x9e3779b97f4a7c15ull, 31);
  }
  Checksum rest;
  rest.add(bytes.subspan(at));
  rest.add(std::as_bytes(std::span(lanes)));
  return rest.value();
}

}  // namespace brim
