// IQ2_XS: 256 values in 16 sub-blocks of 16 with a 4-bit scale each, every eight values a point of a codebook of 512
// with signs. value = super_scale · (scale + ½) / 4 · ±level. Read only.
//
//   byte  0             2                                66           73
//        +-------------+--------------------------------+------------+
//        | super_scale | points[32][2]                  | scales[8]  |
//        +-------------+--------------------------------+------------+
//   points[e] as one little-endian number, for values 8 e … 8 e + 7: bits 0 … 8 = point, bits 9 … 15 = signs of the
//   first seven (the eighth makes their number even)
//   scale of sub-block s: half (s mod 2) of scales[s / 2], the low one first
#pragma once

#include "quant/codebooks.hpp"
#include "quant/half.hpp"

namespace brim::quant::iq2_xs {

static constexpr int kLength = 256;

struct Block {
  Half super_scale;
  std::uint8_t points[32][2];
  std::uint8_t scales[8];
};
static_assert(sizeof(Block) == 74 && alignof(Block) == 1);

/// Writes 256 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float super_scale = load(block.super_scale);
  for (int e = 0; e < 32; ++e) {
    const int stored = block.scales[e / 4] >> (4 * (e / 2 % 2)) & 15;
    const float scale = super_scale * (0.5f + static_cast<float>(stored)) * 0.25f;
    const unsigned word = load_u16(block.points[e]);
    unpack_point<8>(codebooks::iq2_xs.words + 2 * (word & 511u), even_signs(word >> 9), scale, values + 8 * e);
  }
}

}  // namespace brim::quant::iq2_xs
