// Four floats, as the code in kernels/shared/ wants them. Other sets use an architecture type of their own here, to keep
// what xsimd makes of it to themselves; xsimd 8.1's neon64 code names itself and cannot be derived from. The
// weak-symbol test watches.
#pragma once

#include <xsimd/xsimd.hpp>

#include <arm_neon.h>
#include <cstddef>

namespace brim::kernels::neon {
namespace {

struct Vector {
  using Batch = xsimd::batch<float, xsimd::neon64>;
  static constexpr int kWidth = 4;
  static constexpr int kFloatRows = 2, kFloatTokens = 4;
  static constexpr int kPanelVectors = 4, kPanelTokens = 6, kPanelStreams = 2;
  static constexpr int kAttentionQueries = 4, kAttentionStrip = 4;

  static Batch load(const void* at) { return Batch(vld1q_f32(static_cast<const float*>(at))); }
  static void store(float* at, Batch value) { vst1q_f32(at, value); }
  static Batch load_half(const void* at) {
    float16x4_t halves;
    __builtin_memcpy(&halves, at, sizeof halves);
    return Batch(vcvt_f32_f16(halves));
  }
  static void store_half(void* at, Batch value) {
    const float16x4_t halves = vcvt_f16_f32(value);
    __builtin_memcpy(at, &halves, sizeof halves);
  }
  static Batch load_bf16(const void* at) {
    uint16x4_t words;
    __builtin_memcpy(&words, at, sizeof words);
    return Batch(vreinterpretq_f32_u32(vshll_n_u16(words, 16)));
  }
  static Batch load_int8(const void* at) {
    std::uint32_t four;
    __builtin_memcpy(&four, at, sizeof four);
    const int16x8_t words = vmovl_s8(vreinterpret_s8_u32(vdup_n_u32(four)));
    return Batch(vcvtq_f32_s32(vmovl_s16(vget_low_s16(words))));
  }
  /// a · b + c, rounded once.
  static Batch fma(Batch a, Batch b, Batch c) { return Batch(vfmaq_f32(c, a, b)); }
  /// 2^n for whole n in −126 … 127.
  static Batch power_of_two(Batch n) {
    const int32x4_t exponent = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
    return Batch(vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23)));
  }
  static float sum(Batch value) { return vaddvq_f32(value); }
  /// The sums of four vectors, each in the same order as the others.
  static void sum4(Batch a, Batch b, Batch c, Batch d, float* out) {
    vst1q_f32(out, vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d)));
  }
};

}  // namespace
}  // namespace brim::kernels::neon
