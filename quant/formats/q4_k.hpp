// Q4_K: 256 values in 8 sub-blocks of 32, levels 0 … 15, a 6-bit scale and a 6-bit minimum per sub-block.
// value = super_scale · scale · quant − super_minimum · minimum.
//
//   byte  0             2              4             16                             143
//        +-------------+--------------+-------------+------------------------------+
//        | super_scale | super_minim. | scales[12]  | quants[128]                  |
//        +-------------+--------------+-------------+------------------------------+
//   scales: 8 scales and 8 minimums, see six_bit_scales.hpp
//   quants[32 g + l], l in 0 … 31: low half = value 64 g + l, high half = value 64 g + 32 + l   (g: 0 … 3)
#pragma once

#include "quant/grid_search.hpp"
#include "quant/half.hpp"
#include "quant/six_bit_scales.hpp"

namespace brim::quant::q4_k {

static constexpr int kLength = 256;

struct Block {
  Half super_scale;
  Half super_minimum;
  std::uint8_t scales[12];
  std::uint8_t quants[128];
};
static_assert(sizeof(Block) == 144 && alignof(Block) == 1);

/// Writes 256 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float super_scale = load(block.super_scale);
  const float super_minimum = load(block.super_minimum);
  for (int s = 0; s < 8; ++s) {
    const SixBitPair pair = load_six_bit(block.scales, s);
    const float scale = super_scale * static_cast<float>(pair.scale);
    const float minimum = super_minimum * static_cast<float>(pair.minimum);
    const std::uint8_t* quants = block.quants + 32 * (s / 2);
    const int shift = 4 * (s % 2);
    for (int i = 0; i < 32; ++i) values[32 * s + i] = scale * static_cast<float>(quants[i] >> shift & 15) - minimum;
  }
}

/// Packs 256 finite values of magnitude ≤ 1e9.
static inline void pack(const float* values, Block& block) noexcept {
  Levels<32> found;
  affine_levels<32>(values, 15, 63, {-1.0f, 0.1f, 21}, block.super_scale, block.super_minimum, found);
  store_six_bit(found.scales, found.minimums, block.scales);
  for (int g = 0; g < 4; ++g) {
    for (int l = 0; l < 32; ++l) {
      block.quants[32 * g + l] =
          static_cast<std::uint8_t>(found.values[64 * g + l] | found.values[64 * g + 32 + l] << 4);
    }
  }
}

}  // namespace brim::quant::q4_k
