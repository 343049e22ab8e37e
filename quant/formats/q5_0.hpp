// Q5_0: 32 values, one scale, levels -16 … 15. value = scale · (quant − 16).
//
//   byte  0        2              6                                21
//        +--------+--------------+--------------------------------+
//        | scale  | high_bits[4] | quants[16]                     |
//        +--------+--------------+--------------------------------+
//   quants[j]: low 4 bits of value j in its low, of value j + 16 in its high half
//   high_bits: 32 bits, little-endian; bit i = fifth bit of value i
#pragma once

#include "quant/half.hpp"
#include "quant/rounding.hpp"

namespace brim::quant::q5_0 {

static constexpr int kLength = 32;

struct Block {
  Half scale;
  std::uint8_t high_bits[4];
  std::uint8_t quants[16];
};
static_assert(sizeof(Block) == 22 && alignof(Block) == 1);

/// Writes 32 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float scale = load(block.scale);
  std::uint32_t high;
  __builtin_memcpy(&high, block.high_bits, sizeof high);
  for (int j = 0; j < 16; ++j) {
    const int first = (block.quants[j] & 15) | static_cast<int>((high >> j & 1u) << 4);
    const int second = (block.quants[j] >> 4) | static_cast<int>((high >> (j + 16) & 1u) << 4);
    values[j] = static_cast<float>(first - 16) * scale;
    values[j + 16] = static_cast<float>(second - 16) * scale;
  }
}

/// Packs 32 finite values. The value of largest magnitude gets level -16, as in Q4_0.
static inline void pack(const float* values, Block& block) noexcept {
  float extreme = 0;
  for (int i = 0; i < 32; ++i) {
    if (__builtin_fabsf(values[i]) > __builtin_fabsf(extreme)) extreme = values[i];
  }
  const float inverse = inverse_or_zero(store(block.scale, extreme == 0 ? 0.0f : extreme / -16.0f));
  std::uint32_t high = 0;
  for (int j = 0; j < 16; ++j) {
    const auto first = static_cast<std::uint32_t>(static_cast<int>(nearest_level(values[j] * inverse, -16, 15)) + 16);
    const auto second =
        static_cast<std::uint32_t>(static_cast<int>(nearest_level(values[j + 16] * inverse, -16, 15)) + 16);
    block.quants[j] = static_cast<std::uint8_t>((first & 15u) | (second & 15u) << 4);
    high |= (first >> 4) << j | (second >> 4) << (j + 16);
  }
  __builtin_memcpy(block.high_bits, &high, sizeof high);
}

}  // namespace brim::quant::q5_0
