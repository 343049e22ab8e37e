// IQ1_S: 256 values in 8 sub-blocks of 32 with a 3-bit scale each, every eight values a point of a codebook of 2048
// with levels -1, 0, 1, all shifted by an eighth. value = super_scale · (2 · scale + 1) · (level ± ⅛). Read only.
//
//   byte  0             2             34                49
//        +-------------+-------------+-----------------+
//        | super_scale | points[32]  | high[8][2]      |
//        +-------------+-------------+-----------------+
//   high[s] as one little-endian number: bits 3e … 3e+2 = high 3 bits of the point of values 32 s + 8 e …, whose low 8
//   bits are points[4 s + e]; bits 12 … 14 = scale of sub-block s; bit 15: the shift is −⅛
#pragma once

#include "quant/codebooks.hpp"
#include "quant/half.hpp"

namespace brim::quant::iq1_s {

static constexpr int kLength = 256;

struct Block {
  Half super_scale;
  std::uint8_t points[32];
  std::uint8_t high[8][2];
};
static_assert(sizeof(Block) == 50 && alignof(Block) == 1);

/// Writes the eight values of a point.
static inline void unpack_shifted(int point, bool down, float scale, float* values) noexcept {
  const std::uint32_t* words = codebooks::iq1.words + 2 * point;
  const float shift = down ? -0.125f : 0.125f;
  for (int i = 0; i < 8; ++i) {
    const auto level = static_cast<std::int8_t>(words[i / 4] >> (8 * (i % 4)) & 255u);
    values[i] = scale * (static_cast<float>(level) + shift);
  }
}

/// Writes 256 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float super_scale = load(block.super_scale);
  for (int s = 0; s < 8; ++s) {
    const int high = load_u16(block.high[s]);
    const float scale = super_scale * static_cast<float>(2 * (high >> 12 & 7) + 1);
    for (int e = 0; e < 4; ++e) {
      unpack_shifted(block.points[4 * s + e] | (high >> (3 * e) & 7) << 8, (high & 0x8000) != 0, scale,
                     values + 32 * s + 8 * e);
    }
  }
}

}  // namespace brim::quant::iq1_s
