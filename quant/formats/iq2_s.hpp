// IQ2_S: 256 values in 16 sub-blocks of 16 with a 4-bit scale each, every eight values a point of a codebook of 1024
// with signs. value = super_scale · (scale + ½) / 4 · ±level. Read only.
//
//   byte  0             2             34          66               74           81
//        +-------------+-------------+-----------+----------------+------------+
//        | super_scale | points[32]  | signs[32] | points_high[8] | scales[8]  |
//        +-------------+-------------+-----------+----------------+------------+
//   point of values 8 e … 8 e + 7: low 8 bits = points[e], high 2 bits = bits 2(e mod 4), 2(e mod 4)+1 of
//   points_high[e / 4]; bit i of signs[e]: value 8 e + i is negative
//   scale of sub-block s: half (s mod 2) of scales[s / 2], the low one first
#pragma once

#include "quant/codebooks.hpp"
#include "quant/half.hpp"

namespace brim::quant::iq2_s {

static constexpr int kLength = 256;

struct Block {
  Half super_scale;
  std::uint8_t points[32];
  std::uint8_t signs[32];
  std::uint8_t points_high[8];
  std::uint8_t scales[8];
};
static_assert(sizeof(Block) == 82 && alignof(Block) == 1);

/// Writes 256 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float super_scale = load(block.super_scale);
  for (int e = 0; e < 32; ++e) {
    const int stored = block.scales[e / 4] >> (4 * (e / 2 % 2)) & 15;
    const float scale = super_scale * (0.5f + static_cast<float>(stored)) * 0.25f;
    const int point = block.points[e] | (block.points_high[e / 4] >> (2 * (e % 4)) & 3) << 8;
    unpack_point<8>(codebooks::iq2_s.words + 2 * point, block.signs[e], scale, values + 8 * e);
  }
}

}  // namespace brim::quant::iq2_s
