// Four floats, as the code in kernels/shared/ requires them. Other sets use their own architecture type here, so that
// what xsimd instantiates with it stays internal to them. That is impossible here: the neon64 code of xsimd 8.1 names
// itself and cannot be derived from. The weak-symbol test checks the result.
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
  static constexpr int kAttentionRows = 6, kAttentionVectors = 4;

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
  /// Levels − 8 … 7 in four bits each of neighbouring bytes, plus 8: the low four (shift 0) or the high ones (shift 4).
  static Batch load_nibbles(const void* at, int shift) {
    std::uint32_t four;
    __builtin_memcpy(&four, at, sizeof four);
    const uint8x8_t pairs = vreinterpret_u8_u32(vdup_n_u32(four));
    const uint8x8_t levels = vand_u8(vshl_u8(pairs, vdup_n_s8(static_cast<std::int8_t>(-shift))), vdup_n_u8(15));
    const int16x8_t words = vmovl_s8(vsub_s8(vreinterpret_s8_u8(levels), vdup_n_s8(8)));
    return Batch(vcvtq_f32_s32(vmovl_s16(vget_low_s16(words))));
  }
  /// a · b + c, rounded once.
  static Batch fma(Batch a, Batch b, Batch c) { return Batch(vfmaq_f32(c, a, b)); }
  /// 2^n for whole n in −126 … 127; 0 for n = −127.
  static Batch power_of_two(Batch n) {
    const int32x4_t exponent = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
    return Batch(vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23)));
  }
  static float sum(Batch value) { return vaddvq_f32(value); }
  static float largest(Batch value) { return vmaxvq_f32(value); }
  /// Sixteen-byte lanes, to transpose cached keys: one lane holds what lies at `from`.
  using Bytes = uint8x16_t;
  static constexpr int kLanes = 1;
  static Bytes load_lanes(const std::byte* from, std::size_t) {
    Bytes lane;
    __builtin_memcpy(&lane, from, sizeof lane);
    return lane;
  }
  static void store_bytes(void* at, Bytes value) { __builtin_memcpy(at, &value, sizeof value); }
  static Bytes load_bytes(const void* at) {
    Bytes value;
    __builtin_memcpy(&value, at, sizeof value);
    return value;
  }
  /// The first (last) halves of a and b, interleaved by values of kBytes bytes.
  template <int kBytes>
  static Bytes interleave_low(Bytes a, Bytes b) {
    if constexpr (kBytes == 1) return vzip1q_u8(a, b);
    if constexpr (kBytes == 2)
      return vreinterpretq_u8_u16(vzip1q_u16(vreinterpretq_u16_u8(a), vreinterpretq_u16_u8(b)));
    if constexpr (kBytes == 4)
      return vreinterpretq_u8_u32(vzip1q_u32(vreinterpretq_u32_u8(a), vreinterpretq_u32_u8(b)));
  }
  template <int kBytes>
  static Bytes interleave_high(Bytes a, Bytes b) {
    if constexpr (kBytes == 1) return vzip2q_u8(a, b);
    if constexpr (kBytes == 2)
      return vreinterpretq_u8_u16(vzip2q_u16(vreinterpretq_u16_u8(a), vreinterpretq_u16_u8(b)));
    if constexpr (kBytes == 4)
      return vreinterpretq_u8_u32(vzip2q_u32(vreinterpretq_u32_u8(a), vreinterpretq_u32_u8(b)));
  }
  /// Each byte's low (high) four bits minus 8.
  static Bytes low_levels(Bytes x) { return vsubq_u8(vandq_u8(x, vdupq_n_u8(15)), vdupq_n_u8(8)); }
  static Bytes high_levels(Bytes x) { return vsubq_u8(vshrq_n_u8(x, 4), vdupq_n_u8(8)); }
};

}  // namespace
}  // namespace brim::kernels::neon
