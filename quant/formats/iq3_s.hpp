// IQ3_S: 256 values in 8 sub-blocks of 32 with a 4-bit scale each, every four values a point of a codebook of 512 with
// signs. value = super_scale · (2 · scale + 1) · ±level. Read only.
//
//   byte  0             2             66               74           106         109
//        +-------------+-------------+----------------+------------+-----------+
//        | super_scale | points[64]  | points_high[8] | signs[32]  | scales[4] |
//        +-------------+-------------+----------------+------------+-----------+
//   point of values 4 e … 4 e + 3: low 8 bits = points[e], ninth bit = bit (e mod 8) of points_high[e / 8]
//   bit i of signs[j]: value 8 j + i is negative
//   scale of sub-block s: half (s mod 2) of scales[s / 2], the low one first
#pragma once

#include "quant/codebooks.hpp"
#include "quant/half.hpp"

namespace brim::quant::iq3_s {

static constexpr int kLength = 256;

struct Block {
  Half super_scale;
  std::uint8_t points[64];
  std::uint8_t points_high[8];
  std::uint8_t signs[32];
  std::uint8_t scales[4];
};
static_assert(sizeof(Block) == 110 && alignof(Block) == 1);

/// Writes 256 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float super_scale = load(block.super_scale);
  for (int e = 0; e < 64; ++e) {
    const int stored = block.scales[e / 16] >> (4 * (e / 8 % 2)) & 15;
    const float scale = super_scale * static_cast<float>(1 + 2 * stored);
    const int point = block.points[e] | (block.points_high[e / 8] >> (e % 8) & 1) << 8;
    unpack_point<4>(codebooks::iq3_s.words + point, static_cast<unsigned>(block.signs[e / 2]) >> (4 * (e % 2)), scale,
                    values + 4 * e);
  }
}

}  // namespace brim::quant::iq3_s
