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
  static void store_bytes(void* at, Bytes bytes) { _mm512_storeu_si512(at, bytes); }
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
  /// Negates each byte whose bit is set.
  static Bytes with_signs(Bytes levels, const std::uint8_t* bits) {
    __mmask64 set;
    __builtin_memcpy(&set, bits, 8);
    return _mm512_mask_sub_epi8(levels, set, _mm512_setzero_si512(), levels);
  }
  /// get(row), four bytes, for each row. No gather instruction: many processors run it slower than this.
  template <class Get>
  static Bytes words(Get get) {
    const auto eight = [&](int row) __attribute__((always_inline)) {
      return _mm256_setr_epi32(static_cast<int>(get(row)), static_cast<int>(get(row + 1)),
                               static_cast<int>(get(row + 2)), static_cast<int>(get(row + 3)),
                               static_cast<int>(get(row + 4)), static_cast<int>(get(row + 5)),
                               static_cast<int>(get(row + 6)), static_cast<int>(get(row + 7)));
    };
    return _mm512_inserti64x4(_mm512_castsi256_si512(eight(0)), eight(8), 1);
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
  static Floats load_floats(const float* at) { return _mm512_loadu_ps(at); }
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
  /// 2^(byte − 128); zero for the two bytes whose power is below the normal floats.
  static Floats powers_of_two(const std::uint8_t* at) {
    const __m512i exponents = _mm512_max_epi32(_mm512_sub_epi32(widened(at), ints(1)), _mm512_setzero_si512());
    return _mm512_castsi512_ps(_mm512_slli_epi32(exponents, 23));
  }
  /// Halves of NVFP4's scales: bits in the places of a half's are 2^-8 of the value.
  static Floats eight_bit_floats(const std::uint8_t* at) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i kept = _mm_andnot_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)), bytes);
    const __m256i bits = _mm256_and_si256(_mm256_slli_epi16(_mm256_cvtepu8_epi16(kept), 7), _mm256_set1_epi16(0x3f80));
    return multiply(_mm512_cvtph_ps(bits), floats(128.0f));
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
