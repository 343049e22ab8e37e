// IQ1_M: 256 values in 16 sub-blocks of 16 with a 3-bit scale each, every eight values a point of IQ1_S's codebook with
// a shift of its own. value = super_scale · (2 · scale + 1) · (level ± ⅛). Read only.
//
//   byte  0             32           48           55
//        +-------------+------------+------------+
//        | points[32]  | high[16]   | scales[8]  |
//        +-------------+------------+------------+
//   For values 8 e … 8 e + 7: low 8 bits of the point = points[e]; half (e mod 2) of high[e / 2], the low one first:
//   3 bits = high bits of the point, fourth bit: the shift is −⅛
//   scales as four little-endian numbers w: bits 3k … 3k+2 of w[s / 4], k = s mod 4, = scale of sub-block s;
//   bits 12 … 15 of w[0], w[1], w[2], w[3], in this order from the lowest, = super_scale, a half
#pragma once

#include "quant/formats/iq1_s.hpp"

namespace brim::quant::iq1_m {

static constexpr int kLength = 256;

struct Block {
  std::uint8_t points[32];
  std::uint8_t high[16];
  std::uint8_t scales[8];
};
static_assert(sizeof(Block) == 56 && alignof(Block) == 1);

/// Writes 256 values.
static inline void unpack(const Block& block, float* values) noexcept {
  int super_bits = 0;
  for (int i = 0; i < 4; ++i) super_bits |= (load_u16(block.scales + 2 * i) >> 12) << (4 * i);
  const float super_scale = f16_to_f32(static_cast<std::uint16_t>(super_bits));
  for (int e = 0; e < 32; ++e) {
    const int stored = load_u16(block.scales + 2 * (e / 8)) >> (3 * (e / 2 % 4)) & 7;
    const int high = block.high[e / 2] >> (4 * (e % 2));
    iq1_s::unpack_shifted(block.points[e] | (high & 7) << 8, (high & 8) != 0,
                          super_scale * static_cast<float>(2 * stored + 1), values + 8 * e);
  }
}

}  // namespace brim::quant::iq1_m
