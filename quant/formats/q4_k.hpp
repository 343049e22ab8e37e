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
  AffineGrid grids[8];
  float largest_scale = 0, largest_minimum = 0;
  for (int s = 0; s < 8; ++s) {
    float weights[32];
    magnitude_weights<32>(values + 32 * s, weights);
    grids[s] = fit_affine<32>(values + 32 * s, weights, 15, {-1.0f, 0.1f, 21});
    largest_scale = grids[s].scale > largest_scale ? grids[s].scale : largest_scale;
    largest_minimum = grids[s].minimum > largest_minimum ? grids[s].minimum : largest_minimum;
  }
  const float super_scale = store(block.super_scale, largest_scale / 63.0f);
  const float super_minimum = store(block.super_minimum, largest_minimum / 63.0f);
  const float inverse_scale = inverse_or_zero(super_scale), inverse_minimum = inverse_or_zero(super_minimum);
  std::uint8_t scales[8], minimums[8];
  __builtin_memset(block.quants, 0, sizeof block.quants);
  for (int s = 0; s < 8; ++s) {
    const float scale_level = nearest_level(grids[s].scale * inverse_scale, 0, 63);
    const float minimum_level = nearest_level(grids[s].minimum * inverse_minimum, 0, 63);
    scales[s] = static_cast<std::uint8_t>(scale_level);
    minimums[s] = static_cast<std::uint8_t>(minimum_level);
    const float inverse = inverse_or_zero(super_scale * scale_level);
    const float minimum = super_minimum * minimum_level;
    std::uint8_t* quants = block.quants + 32 * (s / 2);
    const int shift = 4 * (s % 2);
    for (int i = 0; i < 32; ++i) {
      const int level = static_cast<int>(nearest_level((values[32 * s + i] + minimum) * inverse, 0, 15));
      quants[i] = static_cast<std::uint8_t>(quants[i] | level << shift);
    }
  }
  store_six_bit(scales, minimums, block.scales);
}

}  // namespace brim::quant::q4_k
