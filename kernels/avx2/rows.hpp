// Eight rows of a panel in one register: the members of `Lanes`, as kernels/shared/panel_products.ipp requires them,
// that the sets with 256-bit registers share. How products are added up is defined per set (lanes.hpp).
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "quant/half.hpp"

namespace brim::kernels::avx2 {
namespace {

struct Rows {
  using Bytes = __m256i;
  using Ints = __m256i;
  using Floats = __m256;
  static constexpr int kRows = 8;

  static Bytes load(const void* at) { return _mm256_loadu_si256(static_cast<const __m256i*>(at)); }
  /// Bytes shifted right by kShift (left if negative) and masked.
  template <int kShift, int kMask>
  static Bytes masked(Bytes bytes) {
    if constexpr (kShift > 0) bytes = _mm256_srli_epi16(bytes, kShift);
    if constexpr (kShift < 0) bytes = _mm256_slli_epi16(bytes, -kShift);
    return _mm256_and_si256(bytes, _mm256_set1_epi8(kMask));
  }
  static Bytes either(Bytes a, Bytes b) { return _mm256_or_si256(a, b); }
  /// Adds kValue, a bit that the levels do not have yet, to each byte whose bit in a 32-bit word is set.
  template <int kValue>
  static Bytes with_bits(Bytes levels, const std::uint8_t* bits) {
    std::int32_t word;
    __builtin_memcpy(&word, bits, 4);
    const __m256i lane_byte = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1,  //
                                               2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    const __m256i lane_bit = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201ull));
    const __m256i found = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(word), lane_byte), lane_bit);
    const __m256i set = _mm256_cmpeq_epi8(found, lane_bit);
    return _mm256_or_si256(levels, _mm256_and_si256(set, _mm256_set1_epi8(kValue)));
  }
  static Bytes lookup(Bytes indices, const std::int8_t* codebook) {
    const __m128i table = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codebook));
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), indices);
  }
  /// Four activations, for every row.
  static Bytes four(const std::int8_t* at) {
    std::int32_t bytes;
    __builtin_memcpy(&bytes, at, 4);
    return _mm256_set1_epi32(bytes);
  }

  static Ints ints(std::int32_t value) { return _mm256_set1_epi32(value); }
  static Ints join(Ints high, Ints low) { return _mm256_add_epi32(_mm256_slli_epi32(high, 8), low); }
  static Ints subtract(Ints a, Ints b) { return _mm256_sub_epi32(a, b); }
  static Floats to_floats(Ints value) { return _mm256_cvtepi32_ps(value); }

  static Floats floats(float value) { return _mm256_set1_ps(value); }
  static Floats zero_floats() { return _mm256_setzero_ps(); }
  static Floats halves(const quant::Half* at) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
  }
  static Floats signed_bytes(const std::int8_t* at) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at))));
  }
  static Floats unsigned_bytes(const std::uint8_t* at) { return _mm256_cvtepi32_ps(widened(at)); }
  static Floats low_halves_of_bytes(const std::uint8_t* at) {
    return _mm256_cvtepi32_ps(_mm256_and_si256(widened(at), ints(15)));
  }
  static Floats high_halves_of_bytes(const std::uint8_t* at) {
    return _mm256_cvtepi32_ps(_mm256_srli_epi32(widened(at), 4));
  }
  static Floats negative(Floats value) { return _mm256_sub_ps(_mm256_setzero_ps(), value); }
  static Floats multiply(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
  static Floats fma(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
  /// c − a · b
  static Floats fma_negative(Floats a, Floats b, Floats c) { return _mm256_fnmadd_ps(a, b, c); }
  static void store(float* at, Floats value) { _mm256_storeu_ps(at, value); }

 private:
  static __m256i widened(const std::uint8_t* at) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at)));
  }
};

}  // namespace
}  // namespace brim::kernels::avx2
