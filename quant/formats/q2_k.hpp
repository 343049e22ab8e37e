// Q2_K: 256 values in 16 sub-blocks of 16, levels 0 … 3, a 4-bit scale and a 4-bit minimum per sub-block.
// value = super_scale · scale · quant − super_minimum · minimum.
//
//   byte  0              16                             80             82           83
//        +--------------+------------------------------+--------------+--------------+
//        | scales[16]   | quants[64]                   | super_scale  | super_minim. |
//        +--------------+------------------------------+--------------+--------------+
//   scales[s]: low half = scale, high half = minimum of values 16 s … 16 s + 15
//   quants[32 h + l], l in 0 … 31: bits 2p, 2p+1 = value 128 h + 32 p + l   (h: half of the block, p: 0 … 3)
#pragma once

#include "quant/grid_search.hpp"
#include "quant/half.hpp"

namespace brim::quant::q2_k {

static constexpr int kLength = 256;

struct Block {
  std::uint8_t scales[16];
  std::uint8_t quants[64];
  Half super_scale;
  Half super_minimum;
};
static_assert(sizeof(Block) == 84 && alignof(Block) == 1);

/// Writes 256 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float super_scale = load(block.super_scale);
  const float super_minimum = load(block.super_minimum);
  for (int s = 0; s < 16; ++s) {
    const float scale = super_scale * static_cast<float>(block.scales[s] & 15);
    const float minimum = super_minimum * static_cast<float>(block.scales[s] >> 4);
    const std::uint8_t* quants = block.quants + 32 * (s / 8) + 16 * (s % 2);
    const int shift = 2 * (s / 2 % 4);
    for (int i = 0; i < 16; ++i) values[16 * s + i] = scale * static_cast<float>(quants[i] >> shift & 3) - minimum;
  }
}

/// Packs 256 finite values of magnitude ≤ 1e9.
static inline void pack(const float* values, Block& block) noexcept {
  Levels<16> found;
  affine_levels<16>(values, 3, 15, {-0.5f, 0.1f, 16}, block.super_scale, block.super_minimum, found);
  __builtin_memset(block.quants, 0, sizeof block.quants);
  for (int s = 0; s < 16; ++s) {
    block.scales[s] = static_cast<std::uint8_t>(found.scales[s] | found.minimums[s] << 4);
    std::uint8_t* quants = block.quants + 32 * (s / 8) + 16 * (s % 2);
    const int shift = 2 * (s / 2 % 4);
    for (int i = 0; i < 16; ++i) quants[i] = static_cast<std::uint8_t>(quants[i] | found.values[16 * s + i] << shift);
  }
}

}  // namespace brim::quant::q2_k
