// Sixteen floats, as the code in kernels/shared/ requires them. The architecture type exists only in this translation
// unit: everything that xsimd instantiates with it has internal linkage, so no other set can be linked with this set's
// code.
#pragma once

#include <xsimd/xsimd.hpp>

#include <cstddef>

namespace brim::kernels::avx512 {
namespace {
struct Architecture : xsimd::avx512bw {};
}  // namespace
}  // namespace brim::kernels::avx512

namespace xsimd::types {
XSIMD_DECLARE_SIMD_REGISTER_ALIAS(brim::kernels::avx512::Architecture, xsimd::avx512bw);
template <class T>
struct get_bool_simd_register<T, brim::kernels::avx512::Architecture> {
  using type = simd_avx512_bool_register<T>;
};
}  // namespace xsimd::types

namespace brim::kernels::avx512 {
namespace {

struct Vector {
  using Batch = xsimd::batch<float, Architecture>;
  static constexpr int kWidth = 16;
  static constexpr int kFloatRows = 2, kFloatTokens = 4;
  static constexpr int kPanelVectors = 2, kPanelTokens = 8, kPanelStreams = 8;
  static constexpr int kAttentionRows = 6, kAttentionVectors = 4;

  static Batch load(const void* at) { return Batch(_mm512_loadu_ps(at)); }
  static void store(float* at, Batch value) { _mm512_storeu_ps(at, value); }
  static Batch load_half(const void* at) {
    return Batch(_mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(at))));
  }
  static void store_half(void* at, Batch value) {
    _mm256_storeu_si256(static_cast<__m256i*>(at), _mm512_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT));
  }
  static Batch load_bf16(const void* at) {
    const __m512i words = _mm512_cvtepu16_epi32(_mm256_loadu_si256(static_cast<const __m256i*>(at)));
    return Batch(_mm512_castsi512_ps(_mm512_slli_epi32(words, 16)));
  }
  static Batch load_int8(const void* at) {
    return Batch(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(at)))));
  }
  /// Levels − 8 … 7 in four bits each of neighbouring bytes, plus 8: the low four (shift 0) or the high ones (shift 4).
  static Batch load_nibbles(const void* at, int shift) {
    const __m512i pairs = _mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(at)));
    const __m512i levels = _mm512_and_si512(_mm512_srl_epi32(pairs, _mm_cvtsi32_si128(shift)), _mm512_set1_epi32(15));
    return Batch(_mm512_cvtepi32_ps(_mm512_sub_epi32(levels, _mm512_set1_epi32(8))));
  }
  /// a · b + c, rounded once.
  static Batch fma(Batch a, Batch b, Batch c) { return Batch(_mm512_fmadd_ps(a, b, c)); }
  /// 2^n for whole n in −126 … 127; 0 for n = −127.
  static Batch power_of_two(Batch n) {
    const __m512i exponent = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
    return Batch(_mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23)));
  }
  static float sum(Batch value) { return _mm512_reduce_add_ps(value); }
  static float largest(Batch value) { return _mm512_reduce_max_ps(value); }
  /// Sixteen-byte lanes, to transpose cached keys: lane l holds what lies at from + l · step.
  using Bytes = __m512i;
  static constexpr int kLanes = 4;
  static Bytes load_lanes(const std::byte* from, std::size_t step) {
    const auto lane = [&](std::size_t l) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + l * step)); };
    __m512i lanes = _mm512_castsi128_si512(lane(0));
    lanes = _mm512_mask_broadcast_i32x4(lanes, 0x00f0, lane(1));
    lanes = _mm512_mask_broadcast_i32x4(lanes, 0x0f00, lane(2));
    return _mm512_mask_broadcast_i32x4(lanes, 0xf000, lane(3));
  }
  static void store_bytes(void* at, Bytes value) { _mm512_storeu_si512(at, value); }
  static Bytes load_bytes(const void* at) { return _mm512_loadu_si512(at); }
  /// Within each lane: the first (last) halves of a and b, interleaved by values of kBytes bytes.
  template <int kBytes>
  static Bytes interleave_low(Bytes a, Bytes b) {
    if constexpr (kBytes == 1) return _mm512_unpacklo_epi8(a, b);
    if constexpr (kBytes == 2) return _mm512_unpacklo_epi16(a, b);
    if constexpr (kBytes == 4) return _mm512_unpacklo_epi32(a, b);
  }
  template <int kBytes>
  static Bytes interleave_high(Bytes a, Bytes b) {
    if constexpr (kBytes == 1) return _mm512_unpackhi_epi8(a, b);
    if constexpr (kBytes == 2) return _mm512_unpackhi_epi16(a, b);
    if constexpr (kBytes == 4) return _mm512_unpackhi_epi32(a, b);
  }
  /// Each byte's low (high) four bits minus 8.
  static Bytes low_levels(Bytes x) {
    return _mm512_sub_epi8(_mm512_and_si512(x, _mm512_set1_epi8(15)), _mm512_set1_epi8(8));
  }
  static Bytes high_levels(Bytes x) { return low_levels(_mm512_srli_epi16(x, 4)); }
  /// Scores of keys in levels (shared/attention_levels.ipp): vpmaddwd adds two products of words into each entry's sum.
  struct Dots {
    static constexpr int kGroup = 2, kOffset = 0;
    using Sums = __m512i;
    using Levels = __m512i;
    static Bytes stored(Bytes levels) { return levels; }
    static Sums none() { return _mm512_setzero_si512(); }
    static Levels load(const std::byte* at) {
      return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
    }
    static void add(Sums& sums, Levels levels, const std::int32_t* quants) {
      sums = _mm512_add_epi32(sums, _mm512_madd_epi16(levels, _mm512_set1_epi32(*quants)));
    }
    static Batch floats(Sums sums, std::int32_t) { return Batch(_mm512_cvtepi32_ps(sums)); }
    /// Values in levels (shared/attention_level_values.ipp): sixteen bytes of each of kGroup entries, `stride` bytes
    /// apart, side by side.
    static void interleave(const std::byte* from, std::size_t stride, std::byte* to) {
      const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
      const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + stride));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_unpacklo_epi8(a, b));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 16), _mm_unpackhi_epi8(a, b));
    }
    /// Rounds values number at … at + 15 of 32 to quants.
    static void round(Batch values, int at, std::int32_t* quants) {
      const __m256i words = _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(values));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(quants + at / kGroup), words);
    }
    static std::int32_t sum(const std::int32_t*) { return 0; }  // kOffset is 0
  };
};

}  // namespace
}  // namespace brim::kernels::avx512
