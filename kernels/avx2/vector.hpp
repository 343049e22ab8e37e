// Eight floats, as the code in kernels/shared/ requires them. The architecture type exists only in this translation
// unit: everything that xsimd instantiates with it has internal linkage, so no other set can be linked with this set's
// code.
#pragma once

#include <xsimd/xsimd.hpp>

#include <cstddef>

namespace brim::kernels::avx2 {
namespace {
struct Architecture : xsimd::fma3<xsimd::avx2> {};
}  // namespace
}  // namespace brim::kernels::avx2

namespace xsimd::types {
XSIMD_DECLARE_SIMD_REGISTER_ALIAS(brim::kernels::avx2::Architecture, xsimd::avx2);
}  // namespace xsimd::types

namespace brim::kernels::avx2 {
namespace {

struct Vector {
  using Batch = xsimd::batch<float, Architecture>;
  static constexpr int kWidth = 8;
  static constexpr int kFloatRows = 2, kFloatTokens = 2;
  static constexpr int kPanelVectors = 2, kPanelTokens = 4, kPanelStreams = 4;
  static constexpr int kAttentionRows = 6, kAttentionVectors = 2;

  static Batch load(const void* at) { return Batch(_mm256_loadu_ps(static_cast<const float*>(at))); }
  static void store(float* at, Batch value) { _mm256_storeu_ps(at, value); }
  static Batch load_half(const void* at) {
    return Batch(_mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(at))));
  }
  static void store_half(void* at, Batch value) {
    _mm_storeu_si128(static_cast<__m128i*>(at), _mm256_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT));
  }
  static Batch load_bf16(const void* at) {
    const __m256i words = _mm256_cvtepu16_epi32(_mm_loadu_si128(static_cast<const __m128i*>(at)));
    return Batch(_mm256_castsi256_ps(_mm256_slli_epi32(words, 16)));
  }
  static Batch load_int8(const void* at) {
    return Batch(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(at)))));
  }
  /// Levels − 8 … 7 in four bits each of neighbouring bytes, plus 8: the low four (shift 0) or the high ones (shift 4).
  static Batch load_nibbles(const void* at, int shift) {
    const __m256i pairs = _mm256_cvtepu8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(at)));
    const __m256i levels = _mm256_and_si256(_mm256_srl_epi32(pairs, _mm_cvtsi32_si128(shift)), _mm256_set1_epi32(15));
    return Batch(_mm256_cvtepi32_ps(_mm256_sub_epi32(levels, _mm256_set1_epi32(8))));
  }
  /// a · b + c, rounded once.
  static Batch fma(Batch a, Batch b, Batch c) { return Batch(_mm256_fmadd_ps(a, b, c)); }
  /// 2^n for whole n in −126 … 127; 0 for n = −127.
  static Batch power_of_two(Batch n) {
    const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return Batch(_mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
  }
  static float sum(Batch value) {
    const __m128 half = halves(value);
    const __m128 pair = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)));
  }
  static float largest(Batch value) {
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(value), _mm256_extractf128_ps(value, 1));
    const __m128 pair = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(pair, _mm_movehdup_ps(pair)));
  }
  /// Sixteen-byte lanes, to transpose cached keys: lane l holds what lies at from + l · step.
  using Bytes = __m256i;
  static constexpr int kLanes = 2;
  static Bytes load_lanes(const std::byte* from, std::size_t step) {
    const auto lane = [&](std::size_t l) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + l * step)); };
    return _mm256_inserti128_si256(_mm256_castsi128_si256(lane(0)), lane(1), 1);
  }
  static void store_bytes(void* at, Bytes value) { _mm256_storeu_si256(static_cast<__m256i*>(at), value); }
  static Bytes load_bytes(const void* at) { return _mm256_loadu_si256(static_cast<const __m256i*>(at)); }
  /// Within each lane: the first (last) halves of a and b, interleaved by values of kBytes bytes.
  template <int kBytes>
  static Bytes interleave_low(Bytes a, Bytes b) {
    if constexpr (kBytes == 1) return _mm256_unpacklo_epi8(a, b);
    if constexpr (kBytes == 2) return _mm256_unpacklo_epi16(a, b);
    if constexpr (kBytes == 4) return _mm256_unpacklo_epi32(a, b);
  }
  template <int kBytes>
  static Bytes interleave_high(Bytes a, Bytes b) {
    if constexpr (kBytes == 1) return _mm256_unpackhi_epi8(a, b);
    if constexpr (kBytes == 2) return _mm256_unpackhi_epi16(a, b);
    if constexpr (kBytes == 4) return _mm256_unpackhi_epi32(a, b);
  }
  /// Each byte's low (high) four bits minus 8.
  static Bytes low_levels(Bytes x) {
    return _mm256_sub_epi8(_mm256_and_si256(x, _mm256_set1_epi8(15)), _mm256_set1_epi8(8));
  }
  static Bytes high_levels(Bytes x) { return low_levels(_mm256_srli_epi16(x, 4)); }

  /// Scores of keys in levels (shared/attention_levels.ipp): vpmaddwd adds two products of words into each entry's sum.
  struct Dots {
    static constexpr int kGroup = 2, kOffset = 0;
    using Sums = __m256i;
    using Levels = __m256i;
    static Bytes stored(Bytes levels) { return levels; }
    static Sums none() { return _mm256_setzero_si256(); }
    static Levels load(const std::byte* at) {
      return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
    }
    static void add(Sums& sums, Levels levels, const std::int32_t* quants) {
      sums = _mm256_add_epi32(sums, _mm256_madd_epi16(levels, _mm256_set1_epi32(*quants)));
    }
    static Batch floats(Sums sums, std::int32_t) { return Batch(_mm256_cvtepi32_ps(sums)); }
    /// Values in levels (shared/attention_level_values.ipp): sixteen bytes of each of kGroup entries, `stride` bytes
    /// apart, side by side.
    static void interleave(const std::byte* from, std::size_t stride, std::byte* to) {
      const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
      const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + stride));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_unpacklo_epi8(a, b));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 16), _mm_unpackhi_epi8(a, b));
    }
    /// Rounds values number at … at + 7 of 32 to quants.
    static void round(Batch values, int at, std::int32_t* quants) {
      const __m256i whole = _mm256_cvtps_epi32(values);
      const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(quants + at / kGroup), words);
    }
    static std::int32_t sum(const std::int32_t*) { return 0; }  // kOffset is 0
  };

 private:
  static __m128 halves(__m256 value) {
    return _mm_add_ps(_mm256_castps256_ps128(value), _mm256_extractf128_ps(value, 1));
  }
};

}  // namespace
}  // namespace brim::kernels::avx2
