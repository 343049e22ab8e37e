// IQ2_XXS: 256 values in 8 sub-blocks of 32 with a 4-bit scale each, every eight values a point of a codebook of 256
// with signs. value = super_scale · (scale + ½) / 4 · ±level. Read only.
//
//   byte  0             2                                              65
//        +-------------+-----------------------------------------------+
//        | super_scale | groups[8]: points[4], signs_and_scale[4] each |
//        +-------------+-----------------------------------------------+
//   groups[s].points[e]: the point of values 32 s + 8 e … 32 s + 8 e + 7
//   signs_and_scale as one little-endian number: bits 7e … 7e+6 = signs of the first seven of those values (the eighth
//   makes their number even), bits 28 … 31 = scale of sub-block s
#pragma once

#include "quant/codebooks.hpp"
#include "quant/half.hpp"

namespace brim::quant::iq2_xxs {

static constexpr int kLength = 256;

struct Block {
  Half super_scale;
  struct Group {
    std::uint8_t points[4];
    std::uint8_t signs_and_scale[4];
  } groups[8];
};
static_assert(sizeof(Block) == 66 && alignof(Block) == 1);

/// Writes 256 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float super_scale = load(block.super_scale);
  for (int s = 0; s < 8; ++s) {
    const Block::Group& group = block.groups[s];
    std::uint32_t word;
    __builtin_memcpy(&word, group.signs_and_scale, sizeof word);
    const float scale = super_scale * (0.5f + static_cast<float>(word >> 28)) * 0.25f;
    for (int e = 0; e < 4; ++e) {
      unpack_point<8>(codebooks::iq2_xxs.words + 2 * group.points[e], even_signs(word >> (7 * e) & 127u), scale,
                      values + 32 * s + 8 * e);
    }
  }
}

}  // namespace brim::quant::iq2_xxs
