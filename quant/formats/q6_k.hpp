// Q6_K: 256 values in 16 sub-blocks of 16, levels -32 … 31, an 8-bit scale per sub-block.
// value = super_scale · scale · (quant − 32).
//
//   byte  0                        128             192            208         209
//        +------------------------+---------------+--------------+-------------+
//        | low_bits[128]          | high_bits[64] | scales[16]   | super_scale |
//        +------------------------+---------------+--------------+-------------+
//   For h (half of the block) in 0, 1, p in 0 … 3 and l in 0 … 31 the quant of value 128 h + 32 p + l has
//   its low 4 bits in low_bits[64 h + 32 (p mod 2) + l] — the low half for p < 2, else the high half —
//   and its high 2 bits in bits 2p, 2p+1 of high_bits[32 h + l]
//   scales[s], signed: values 16 s … 16 s + 15
#pragma once

#include "quant/grid_search.hpp"
#include "quant/half.hpp"

namespace brim::quant::q6_k {

static constexpr int kLength = 256;

struct Block {
  std::uint8_t low_bits[128];
  std::uint8_t high_bits[64];
  std::int8_t scales[16];
  Half super_scale;
};
static_assert(sizeof(Block) == 210 && alignof(Block) == 1);

/// Writes 256 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float super_scale = load(block.super_scale);
  for (int s = 0; s < 16; ++s) {
    const float scale = super_scale * static_cast<float>(block.scales[s]);
    const int half = s / 8, part = s / 2 % 4, offset = 16 * (s % 2);
    const std::uint8_t* low_bits = block.low_bits + 64 * half + 32 * (part % 2) + offset;
    const std::uint8_t* high_bits = block.high_bits + 32 * half + offset;
    for (int i = 0; i < 16; ++i) {
      const int level = (low_bits[i] >> (4 * (part / 2)) & 15) | (high_bits[i] >> (2 * part) & 3) << 4;
      values[16 * s + i] = scale * static_cast<float>(level - 32);
    }
  }
}

/// Packs 256 finite values of magnitude ≤ 1e9.
static inline void pack(const float* values, Block& block) noexcept {
  Levels<16> found;
  __builtin_memset(&block, 0, sizeof block);
  symmetric_levels<16>(values, 32, 128, {-0.9f, 0.1f, 19}, block.super_scale, found);
  for (int s = 0; s < 16; ++s) {
    block.scales[s] = found.scales[s];
    const int half = s / 8, part = s / 2 % 4, offset = 16 * (s % 2);
    std::uint8_t* low_bits = block.low_bits + 64 * half + 32 * (part % 2) + offset;
    std::uint8_t* high_bits = block.high_bits + 32 * half + offset;
    for (int i = 0; i < 16; ++i) {
      const int level = found.values[16 * s + i] + 32;
      low_bits[i] = static_cast<std::uint8_t>(low_bits[i] | (level & 15) << (4 * (part / 2)));
      high_bits[i] = static_cast<std::uint8_t>(high_bits[i] | (level >> 4) << (2 * part));
    }
  }
}

}  // namespace brim::quant::q6_k
