// Sixteen rows of a panel in one register: the members of `Lanes`, as kernels/shared/panel_products.ipp requires them,
// that the sets with 512-bit registers share. How products are added up is defined per set (lanes.hpp).
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "quant/half.hpp"

namespace brim::kernels::avx512 {
namespace {

struct Rows {
  using Bytes = __m512i;
  using Ints = __m512i;
  using Floats = __m512;
  static constexpr int kRows = 16;

  static Bytes load(const void* at) { return _mm512_loadu_si512(at); }
  /// Bytes shifted right by kShift (left if negative) and masked.
  template <int kShift, int kMask>
  static Bytes masked(Bytes bytes) {
    if constexpr (kShift > 0) bytes = _mm512_srli_epi16(bytes, kShift);
    if constexpr (kShift < 0) bytes = _mm512_slli_epi16(bytes, -kShift);
    return _mm512_and_si512(bytes, _mm512_set1_epi8(kMask));
  }
  static Bytes either(Bytes a, Bytes b) { return _mm512_or_si512(a, b); }
  template <int kValue>
  static Bytes with_bits(Bytes levels, const std::uint8_t* bits) {
    __mmask64 set;
    __builtin_memcpy(&set, bits, 8);
    return _mm512_mask_add_epi8(levels, set, levels, _mm512_set1_epi8(kValue));
  }
  static Bytes lookup(Bytes indices, const std::int8_t* codebook) {
    const __m128i table = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codebook));
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(table), indices);
  }
  /// Four activations, for every row.
  static Bytes four(const std::int8_t* at) {
    std::int32_t bytes;
    __builtin_memcpy(&bytes, at, 4);
    return _mm512_set1_epi32(bytes);
  }

  static Ints ints(std::int32_t value) { return _mm512_set1_epi32(value); }
  static Ints join(Ints high, Ints low) { return _mm512_add_epi32(_mm512_slli_epi32(high, 8), low); }
  static Ints subtract(Ints a, Ints b) { return _mm512_sub_epi32(a, b); }
  static Floats to_floats(Ints value) { return _mm512_cvtepi32_ps(value); }

  static Floats floats(float value) { return _mm512_set1_ps(value); }
  static Floats zero_floats() { return _mm512_setzero_ps(); }
  static Floats halves(const quant::Half* at) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
  }
  static Floats signed_bytes(const std::int8_t* at) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))));
  }
  static Floats unsigned_bytes(const std::uint8_t* at) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))));
  }
  static Floats low_halves_of_bytes(const std::uint8_t* at) {
    return _mm512_cvtepi32_ps(_mm512_and_si512(widened(at), ints(15)));
  }
  static Floats high_halves_of_bytes(const std::uint8_t* at) {
    return _mm512_cvtepi32_ps(_mm512_srli_epi32(widened(at), 4));
  }
  static Floats negative(Floats value) { return _mm512_sub_ps(_mm512_setzero_ps(), value); }
  static Floats multiply(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  static Floats fma(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
  /// c − a · b
  static Floats fma_negative(Floats a, Floats b, Floats c) { return _mm512_fnmadd_ps(a, b, c); }
  static void store(float* at, Floats value) { _mm512_storeu_ps(at, value); }

 private:
  static __m512i widened(const std::uint8_t* at) {
    return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
  }
};

}  // namespace
}  // namespace brim::kernels::avx512
