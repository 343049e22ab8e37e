// NVFP4: 64 values in 4 sub-blocks of 16, an 8-bit float (E4M3, its sign ignored) as each sub-block's scale, levels as
// in MXFP4. value = scale / 2 · kCodebook[quant]. A tensor may have one more scale, which is a tensor of its own in the
// file. Read only.
//
//   byte  0            4                               35
//        +------------+--------------------------------+
//        | scales[4]  | quants[32]                     |
//        +------------+--------------------------------+
//   quants[8 s + j]: low 4 bits = value 16 s + j, high 4 bits = value 16 s + j + 8
//   scales[s]: 4 bits exponent, 3 bits fraction; byte 0x7f is zero, as in ggml
#pragma once

#include "quant/formats/mxfp4.hpp"
#include "quant/half.hpp"

namespace brim::quant::nvfp4 {

static constexpr int kLength = 64;

struct Block {
  std::uint8_t scales[4];
  std::uint8_t quants[32];
};
static_assert(sizeof(Block) == 36 && alignof(Block) == 1);

/// Half of a stored scale. Its bits in the places of a half's are 2^-8 of its value, subnormal ones included.
static inline float scale_of(std::uint8_t stored) noexcept {
  if (stored == 0x7f) return 0;
  return f16_to_f32(static_cast<std::uint16_t>((stored & 0x7f) << 7)) * 128.0f;
}

/// Writes 64 values.
static inline void unpack(const Block& block, float* values) noexcept {
  for (int s = 0; s < 4; ++s) {
    const float scale = scale_of(block.scales[s]);
    for (int j = 0; j < 8; ++j) {
      const int quants = block.quants[8 * s + j];
      values[16 * s + j] = static_cast<float>(mxfp4::kCodebook[quants & 15]) * scale;
      values[16 * s + j + 8] = static_cast<float>(mxfp4::kCodebook[quants >> 4]) * scale;
    }
  }
}

}  // namespace brim::quant::nvfp4
