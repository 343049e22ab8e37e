// Products of the 32-value formats with Q8Blocks32 activations, for plain ARMv8 without dot products. A Format gives a
// block's levels as two registers of signed bytes, the first and the last 16 values. Widening multiplies add up in 16
// bits: four products per lane for levels below 32 (4 · 31 · 127), two for the others (2 · 128 · 127 = 32,512).
#pragma once

#include <arm_neon.h>

#include "kernels/shared/walk.ipp"
#include "quant/half.hpp"

namespace brim::kernels::neon {
namespace {

struct Levels {
  int8x16_t first, last;
};

/// The levels 0 … 15 in the low halves and in the high halves of 16 bytes.
inline Levels nibbles(const std::uint8_t* at) {
  const uint8x16_t bytes = vld1q_u8(at);
  return {vreinterpretq_s8_u8(vandq_u8(bytes, vdupq_n_u8(15))), vreinterpretq_s8_u8(vshrq_n_u8(bytes, 4))};
}

/// 16 in byte i where bit i of a 16-bit word is set.
inline int8x16_t fifth_bits(const std::uint8_t* at) {
  const uint8x16_t bits = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201ull));
  const uint8x16_t bytes = vcombine_u8(vdup_n_u8(at[0]), vdup_n_u8(at[1]));
  return vreinterpretq_s8_u8(vandq_u8(vtstq_u8(bytes, bits), vdupq_n_u8(16)));
}

inline Levels with_fifth_bits(Levels low, const std::uint8_t* high_bits) {
  return {vorrq_s8(low.first, fifth_bits(high_bits)), vorrq_s8(low.last, fifth_bits(high_bits + 2))};
}

inline Levels minus(Levels levels, std::int8_t offset) {
  return {vsubq_s8(levels.first, vdupq_n_s8(offset)), vsubq_s8(levels.last, vdupq_n_s8(offset))};
}

template <class Format>
struct Blocks {
  using Block = typename Format::Block;
  static constexpr int kRows = 2;
  static constexpr int kTokens = 4;
  static constexpr int kStreams = 4;

  static int32x4_t dot(const Levels& levels, int8x16_t first, int8x16_t last) {
    int16x8_t low = vmull_s8(vget_low_s8(levels.first), vget_low_s8(first));
    low = vmlal_s8(low, vget_high_s8(levels.first), vget_high_s8(first));
    if constexpr (Format::kSmall) {
      low = vmlal_s8(low, vget_low_s8(levels.last), vget_low_s8(last));
      return vpaddlq_s16(vmlal_s8(low, vget_high_s8(levels.last), vget_high_s8(last)));
    }
    int16x8_t high = vmull_s8(vget_low_s8(levels.last), vget_low_s8(last));
    high = vmlal_s8(high, vget_high_s8(levels.last), vget_high_s8(last));
    return vpadalq_s16(vpaddlq_s16(low), high);
  }

  template <int Rows, int Tokens>
  static void tile(const Product& p, std::int64_t row, std::int64_t token) {
    const Block* weights[Rows];
    for (int r = 0; r < Rows; ++r) {
      weights[r] = reinterpret_cast<const Block*>(p.weights + static_cast<std::size_t>(row + r) * p.row_bytes);
    }
    const Q8Blocks32* activations[Tokens];
    for (int t = 0; t < Tokens; ++t) {
      activations[t] = reinterpret_cast<const Q8Blocks32*>(p.activations +
                                                           static_cast<std::size_t>(token + t) * p.activation_stride);
    }
    float32x4_t sums[Rows][Tokens];
    float minimums[Rows][Tokens] = {};
    for (auto& of_row : sums) {
      for (float32x4_t& sum : of_row) sum = vdupq_n_f32(0);
    }
    const std::byte* next = p.weights + static_cast<std::size_t>(row + Rows) * p.row_bytes;
    constexpr std::int64_t kStepBytes = Rows * sizeof(Block);
    for (std::int64_t block = 0; block < p.cols / 32; ++block) {
      if constexpr (Rows == kStreams) ask_for(next + block * kStepBytes, kStepBytes);
      const std::int64_t group = block / 8;
      const int b = static_cast<int>(block % 8);
      for (int r = 0; r < Rows; ++r) {
        const Levels levels = Format::levels(weights[r][block]);
        const float scale = quant::load(weights[r][block].scale);
        for (int t = 0; t < Tokens; ++t) {
          const Q8Blocks32& x = activations[t][group];
          const std::int8_t* quants = x.quants + q8_32_index(b, 0);
          const int32x4_t sum = dot(levels, vld1q_s8(quants), vld1q_s8(quants + 64));
          sums[r][t] = vfmaq_n_f32(sums[r][t], vcvtq_f32_s32(sum), scale * x.scales[b]);
          if constexpr (Format::kMinimum) {
            const float of_block = x.scales[b] * static_cast<float>(x.sums[b]);
            minimums[r][t] = __builtin_fmaf(quant::load(weights[r][block].minimum), of_block, minimums[r][t]);
          }
        }
      }
    }
    for (int r = 0; r < Rows; ++r) {
      for (int t = 0; t < Tokens; ++t)
        p.out[(token + t) * p.out_stride + row + r] = vaddvq_f32(sums[r][t]) + minimums[r][t];
    }
  }
};

}  // namespace
}  // namespace brim::kernels::neon
