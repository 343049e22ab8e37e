// Q5_1: 32 values, a scale and a minimum, levels 0 … 31. value = scale · quant + minimum.
//
//   byte  0        2        4              8                                23
//        +--------+--------+--------------+--------------------------------+
//        | scale  | minim. | high_bits[4] | quants[16]                     |
//        +--------+--------+--------------+--------------------------------+
//   quants[j]: low 4 bits of value j in its low, of value j + 16 in its high half
//   high_bits: 32 bits, little-endian; bit i = fifth bit of value i
#pragma once

#include "quant/half.hpp"
#include "quant/rounding.hpp"

namespace brim::quant::q5_1 {

static constexpr int kLength = 32;

struct Block {
  Half scale;
  Half minimum;
  std::uint8_t high_bits[4];
  std::uint8_t quants[16];
};
static_assert(sizeof(Block) == 24 && alignof(Block) == 1);

/// Writes 32 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float scale = load(block.scale);
  const float minimum = load(block.minimum);
  std::uint32_t high;
  __builtin_memcpy(&high, block.high_bits, sizeof high);
  for (int j = 0; j < 16; ++j) {
    const int first = (block.quants[j] & 15) | static_cast<int>((high >> j & 1u) << 4);
    const int second = (block.quants[j] >> 4) | static_cast<int>((high >> (j + 16) & 1u) << 4);
    values[j] = static_cast<float>(first) * scale + minimum;
    values[j + 16] = static_cast<float>(second) * scale + minimum;
  }
}

/// Packs 32 finite values: the levels span their range.
static inline void pack(const float* values, Block& block) noexcept {
  float min = values[0], max = values[0];
  for (int i = 1; i < 32; ++i) {
    min = values[i] < min ? values[i] : min;
    max = values[i] > max ? values[i] : max;
  }
  const float inverse = inverse_or_zero(store(block.scale, (max - min) / 31.0f));
  const float minimum = store(block.minimum, min);
  std::uint32_t high = 0;
  for (int j = 0; j < 16; ++j) {
    const auto first = static_cast<std::uint32_t>(nearest_level((values[j] - minimum) * inverse, 0, 31));
    const auto second = static_cast<std::uint32_t>(nearest_level((values[j + 16] - minimum) * inverse, 0, 31));
    block.quants[j] = static_cast<std::uint8_t>((first & 15u) | (second & 15u) << 4);
    high |= (first >> 4) << j | (second >> 4) << (j + 16);
  }
  __builtin_memcpy(block.high_bits, &high, sizeof high);
}

}  // namespace brim::quant::q5_1
