// Q3_K: 256 values in 16 sub-blocks of 16, levels -4 … 3, a 6-bit scale per sub-block.
// value = super_scale · (scale − 32) · (quant − 4).
//
//   byte  0                32                             96            108         109
//        +----------------+------------------------------+-------------+-------------+
//        | high_bits[32]  | quants[64]                   | scales[12]  | super_scale |
//        +----------------+------------------------------+-------------+-------------+
//   quants[32 h + l], l in 0 … 31: bits 2p, 2p+1 = low bits of value 128 h + 32 p + l   (h: 0, 1; p: 0 … 3)
//   high_bits[l]: bit 4 h + p = third bit of value 128 h + 32 p + l
//   scale of sub-block s (values 16 s …): low 4 bits in scales[s mod 8], its low half for s < 8, else its high half;
//                                         high 2 bits = bits 2(s/4), 2(s/4)+1 of scales[8 + s mod 4]
#pragma once

#include "quant/grid_search.hpp"
#include "quant/half.hpp"

namespace brim::quant::q3_k {

static constexpr int kLength = 256;

struct Block {
  std::uint8_t high_bits[32];
  std::uint8_t quants[64];
  std::uint8_t scales[12];
  Half super_scale;
};
static_assert(sizeof(Block) == 110 && alignof(Block) == 1);

/// The scale of sub-block `index` (0 … 15) as stored, with 32 taken off: -32 … 31.
static inline int scale_of(const Block& block, int index) noexcept {
  const int low = block.scales[index % 8] >> (4 * (index / 8)) & 15;
  const int high = block.scales[8 + index % 4] >> (2 * (index / 4)) & 3;
  return (low | high << 4) - 32;
}

/// Writes 256 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float super_scale = load(block.super_scale);
  for (int s = 0; s < 16; ++s) {
    const float scale = super_scale * static_cast<float>(scale_of(block, s));
    const std::uint8_t* quants = block.quants + 32 * (s / 8) + 16 * (s % 2);
    const std::uint8_t* high_bits = block.high_bits + 16 * (s % 2);
    const int part = s / 2;  // 4 h + p
    for (int i = 0; i < 16; ++i) {
      const int level = (quants[i] >> (2 * (part % 4)) & 3) + (high_bits[i] >> part & 1) * 4 - 4;
      values[16 * s + i] = scale * static_cast<float>(level);
    }
  }
}

/// Packs 256 finite values of magnitude ≤ 1e9.
static inline void pack(const float* values, Block& block) noexcept {
  Levels<16> found;
  __builtin_memset(&block, 0, sizeof block);
  symmetric_levels<16>(values, 4, 32, {-1.0f, 0.1f, 21}, block.super_scale, found);
  for (int s = 0; s < 16; ++s) {
    const int scale = found.scales[s] + 32;
    block.scales[s % 8] = static_cast<std::uint8_t>(block.scales[s % 8] | (scale & 15) << (4 * (s / 8)));
    block.scales[8 + s % 4] = static_cast<std::uint8_t>(block.scales[8 + s % 4] | (scale >> 4) << (2 * (s / 4)));
    std::uint8_t* quants = block.quants + 32 * (s / 8) + 16 * (s % 2);
    std::uint8_t* high_bits = block.high_bits + 16 * (s % 2);
    const int part = s / 2;
    for (int i = 0; i < 16; ++i) {
      const int level = found.values[16 * s + i] + 4;
      quants[i] = static_cast<std::uint8_t>(quants[i] | (level & 3) << (2 * (part % 4)));
      high_bits[i] = static_cast<std::uint8_t>(high_bits[i] | (level >> 2) << part);
    }
  }
}

}  // namespace brim::quant::q3_k
