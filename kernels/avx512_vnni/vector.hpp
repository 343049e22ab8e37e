// Sixteen floats, as the code in kernels/shared/ wants them. The architecture is a type of this translation unit's own:
// everything xsimd makes of it has internal linkage, so no other set can be given its code.
#pragma once

#include <xsimd/xsimd.hpp>

#include <cstddef>

namespace brim::kernels::avx512_vnni {
namespace {
struct Architecture : xsimd::avx512bw {};
}  // namespace
}  // namespace brim::kernels::avx512_vnni

namespace xsimd::types {
XSIMD_DECLARE_SIMD_REGISTER_ALIAS(brim::kernels::avx512_vnni::Architecture, xsimd::avx512bw);
template <class T>
struct get_bool_simd_register<T, brim::kernels::avx512_vnni::Architecture> {
  using type = simd_avx512_bool_register<T>;
};
}  // namespace xsimd::types

namespace brim::kernels::avx512_vnni {
namespace {

struct Vector {
  using Batch = xsimd::batch<float, Architecture>;
  static constexpr int kWidth = 16;
  static constexpr int kFloatRows = 2, kFloatTokens = 4;
  static constexpr int kPanelVectors = 2, kPanelTokens = 8, kPanelStreams = 8;
  static constexpr int kAttentionQueries = 4, kAttentionStrip = 4;

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
  /// a · b + c, rounded once.
  static Batch fma(Batch a, Batch b, Batch c) { return Batch(_mm512_fmadd_ps(a, b, c)); }
  /// 2^n for whole n in −126 … 127.
  static Batch power_of_two(Batch n) {
    const __m512i exponent = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
    return Batch(_mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23)));
  }
  static float sum(Batch value) { return _mm512_reduce_add_ps(value); }
  /// The sums of four vectors, each in the same order as the others.
  static void sum4(Batch a, Batch b, Batch c, Batch d, float* out) {
    const __m128 ab = _mm_hadd_ps(quarter(a), quarter(b));
    const __m128 cd = _mm_hadd_ps(quarter(c), quarter(d));
    _mm_storeu_ps(out, _mm_hadd_ps(ab, cd));
  }

 private:
  static __m128 quarter(__m512 value) {
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(value), _mm512_extractf32x8_ps(value, 1));
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  }
};

}  // namespace
}  // namespace brim::kernels::avx512_vnni
