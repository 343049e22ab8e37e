// Products of the 256-value formats with Q8Block256 activations, for plain ARMv8 without dot products: 16 values (a
// part) at a time. A Format is constructed from a block and gives levels(part) as signed bytes and the integer scale of
// each part; the products of a part are added in 16 bits (at most 2 · 127 · 127), scaled and added up in 32 bits over
// the block. A format with minimums also gives them per part: they multiply the activation sums of 16 values.
#pragma once

#include <arm_neon.h>

#include "kernels/shared/walk.ipp"
#include "quant/half.hpp"

namespace brim::kernels::neon {
namespace {

/// The state that every Format fills in.
struct Scales {
  std::int32_t scales[16];
  std::int16_t minimums[16];
};

/// 16 nibbles, low or high.
inline int8x16_t low_half(const std::uint8_t* at) {
  return vreinterpretq_s8_u8(vandq_u8(vld1q_u8(at), vdupq_n_u8(15)));
}
inline int8x16_t high_half(const std::uint8_t* at) { return vreinterpretq_s8_u8(vshrq_n_u8(vld1q_u8(at), 4)); }

/// `bits` (a mask) of each of 16 bytes shifted right by `shift`.
inline uint8x16_t bits_of(const std::uint8_t* at, int shift, std::uint8_t bits) {
  return vandq_u8(vshlq_u8(vld1q_u8(at), vdupq_n_s8(static_cast<std::int8_t>(-shift))), vdupq_n_u8(bits));
}

template <class Format>
struct Superblocks {
  using Block = typename Format::Block;
  static constexpr int kRows = 2;
  static constexpr int kTokens = 4;
  static constexpr int kStreams = 4;

  template <int Tokens>
  static void add(const Block& block, const std::byte* activations, std::size_t activation_stride, float32x4_t* sums) {
    const Format format(block);
    const Q8Block256* x[Tokens];
    int32x4_t whole[Tokens];
    for (int t = 0; t < Tokens; ++t) {
      x[t] = reinterpret_cast<const Q8Block256*>(activations + static_cast<std::size_t>(t) * activation_stride);
      whole[t] = vdupq_n_s32(0);
    }
#pragma GCC unroll 16
    for (int part = 0; part < 16; ++part) {
      const int8x16_t levels = format.levels(part);
      for (int t = 0; t < Tokens; ++t) {
        const int8x16_t values = vld1q_s8(x[t]->quants + 16 * part);
        int16x8_t pairs = vmull_s8(vget_low_s8(levels), vget_low_s8(values));
        pairs = vmlal_s8(pairs, vget_high_s8(levels), vget_high_s8(values));
        whole[t] = vmlaq_n_s32(whole[t], vpaddlq_s16(pairs), format.of_groups.scales[part]);
      }
    }
    const float scale = quant::load(block.super_scale);
    for (int t = 0; t < Tokens; ++t) {
      sums[t] = vfmaq_n_f32(sums[t], vcvtq_f32_s32(whole[t]), scale * x[t]->scale);
      if constexpr (Format::kMinimum) {
        const int16x8_t minimums[2] = {vld1q_s16(format.of_groups.minimums), vld1q_s16(format.of_groups.minimums + 8)};
        const int16x8_t of_16[2] = {vld1q_s16(x[t]->sums), vld1q_s16(x[t]->sums + 8)};
        int32x4_t offset = vmull_s16(vget_low_s16(minimums[0]), vget_low_s16(of_16[0]));
        offset = vmlal_s16(offset, vget_high_s16(minimums[0]), vget_high_s16(of_16[0]));
        offset = vmlal_s16(offset, vget_low_s16(minimums[1]), vget_low_s16(of_16[1]));
        offset = vmlal_s16(offset, vget_high_s16(minimums[1]), vget_high_s16(of_16[1]));
        sums[t] = vfmsq_n_f32(sums[t], vcvtq_f32_s32(offset), quant::load(block.super_minimum) * x[t]->scale);
      }
    }
  }

  template <int Rows, int Tokens>
  static void tile(const Product& p, std::int64_t row, std::int64_t token) {
    const Block* weights[Rows];
    for (int r = 0; r < Rows; ++r) {
      weights[r] = reinterpret_cast<const Block*>(p.weights + static_cast<std::size_t>(row + r) * p.row_bytes);
    }
    const std::byte* activations = p.activations + static_cast<std::size_t>(token) * p.activation_stride;
    float32x4_t sums[Rows][Tokens];
    for (auto& of_row : sums) {
      for (float32x4_t& sum : of_row) sum = vdupq_n_f32(0);
    }
    const std::byte* next = p.weights + static_cast<std::size_t>(row + Rows) * p.row_bytes;
    constexpr std::int64_t kStepBytes = Rows * sizeof(Block);
    for (std::int64_t block = 0; block < p.cols / 256; ++block, activations += sizeof(Q8Block256)) {
      if constexpr (Rows == kStreams) ask_for(next + block * kStepBytes, kStepBytes);
      for (int r = 0; r < Rows; ++r) add<Tokens>(weights[r][block], activations, p.activation_stride, sums[r]);
    }
    for (int r = 0; r < Rows; ++r) {
      for (int t = 0; t < Tokens; ++t) p.out[(token + t) * p.out_stride + row + r] = vaddvq_f32(sums[r][t]);
    }
  }
};

}  // namespace
}  // namespace brim::kernels::neon
