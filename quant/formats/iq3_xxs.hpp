// IQ3_XXS: 256 values in 8 sub-blocks of 32 with a 4-bit scale each, every four values a point of a codebook of 256
// with signs. value = super_scale · (scale + ½) / 2 · ±level. Read only.
//
//   byte  0             2                  66                         97
//        +-------------+------------------+--------------------------+
//        | super_scale | points[64]       | signs_and_scale[8][4]    |
//        +-------------+------------------+--------------------------+
//   points[e]: the point of values 4 e … 4 e + 3
//   signs_and_scale[s] as one little-endian number: bits 7e … 7e+6 = signs of values 32 s + 8 e … 32 s + 8 e + 6 (the
//   eighth makes their number even), bits 28 … 31 = scale of sub-block s
#pragma once

#include "quant/codebooks.hpp"
#include "quant/half.hpp"

namespace brim::quant::iq3_xxs {

static constexpr int kLength = 256;

struct Block {
  Half super_scale;
  std::uint8_t points[64];
  std::uint8_t signs_and_scale[8][4];
};
static_assert(sizeof(Block) == 98 && alignof(Block) == 1);

/// Writes 256 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float super_scale = load(block.super_scale);
  for (int s = 0; s < 8; ++s) {
    std::uint32_t word;
    __builtin_memcpy(&word, block.signs_and_scale[s], sizeof word);
    const float scale = super_scale * (0.5f + static_cast<float>(word >> 28)) * 0.5f;
    for (int e = 0; e < 8; ++e) {
      const unsigned signs = even_signs(word >> (7 * (e / 2)) & 127u);
      unpack_point<4>(codebooks::iq3_xxs.words + block.points[8 * s + e], signs >> (4 * (e % 2)), scale,
                      values + 32 * s + 4 * e);
    }
  }
}

}  // namespace brim::quant::iq3_xxs
