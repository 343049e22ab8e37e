// IQ4_XS: 256 values in 8 sub-blocks of 32 with a 6-bit scale each; levels as in IQ4_NL. Read only.
// value = super_scale · (scale − 32) · kCodebook[quant].
//
//   byte  0             2              4             8                            135
//        +-------------+--------------+-------------+----------------------------+
//        | super_scale | scales_high  | scales_low  | quants[128]                |
//        |             | [2]          | [4]         | 16 bytes per sub-block     |
//        +-------------+--------------+-------------+----------------------------+
//   scale of sub-block s: low 4 bits in half (s mod 2) of scales_low[s / 2],
//                         high 2 bits = bits 2s, 2s+1 of scales_high as one little-endian number
//   quants[16 s + j]: low 4 bits = value 32 s + j, high 4 bits = value 32 s + j + 16
#pragma once

#include "quant/formats/iq4_nl.hpp"

namespace brim::quant::iq4_xs {

static constexpr int kLength = 256;

struct Block {
  Half super_scale;
  std::uint8_t scales_high[2];
  std::uint8_t scales_low[4];
  std::uint8_t quants[128];
};
static_assert(sizeof(Block) == 136 && alignof(Block) == 1);

/// The scale of sub-block `index` (0 … 7) as stored, with 32 taken off: -32 … 31.
static inline int scale_of(const Block& block, int index) noexcept {
  const int low = block.scales_low[index / 2] >> (4 * (index % 2)) & 15;
  const int high = load_u16(block.scales_high) >> (2 * index) & 3;
  return (low | high << 4) - 32;
}

/// Writes 256 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float super_scale = load(block.super_scale);
  for (int s = 0; s < 8; ++s) {
    const float scale = super_scale * static_cast<float>(scale_of(block, s));
    const std::uint8_t* quants = block.quants + 16 * s;
    for (int j = 0; j < 16; ++j) {
      values[32 * s + j] = scale * static_cast<float>(iq4_nl::kCodebook[quants[j] & 15]);
      values[32 * s + j + 16] = scale * static_cast<float>(iq4_nl::kCodebook[quants[j] >> 4]);
    }
  }
}

}  // namespace brim::quant::iq4_xs
