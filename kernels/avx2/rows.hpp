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
  static void store_bytes(void* at, Bytes bytes) { _mm256_storeu_si256(static_cast<__m256i*>(at), bytes); }
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
    return _mm256_or_si256(levels, _mm256_and_si256(where_set(bits), _mm256_set1_epi8(kValue)));
  }
  /// Negates each byte whose bit is set.
  static Bytes with_signs(Bytes levels, const std::uint8_t* bits) {
    const __m256i set = where_set(bits);
    return _mm256_sub_epi8(_mm256_xor_si256(levels, set), set);
  }
  /// get(row), four bytes, for each row. No gather instruction: many processors run it slower than this.
  template <class Get>
  static Bytes words(Get get) {
    return _mm256_setr_epi32(static_cast<int>(get(0)), static_cast<int>(get(1)), static_cast<int>(get(2)),
                             static_cast<int>(get(3)), static_cast<int>(get(4)), static_cast<int>(get(5)),
                             static_cast<int>(get(6)), static_cast<int>(get(7)));
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
  static Floats load_floats(const float* at) { return _mm256_loadu_ps(at); }
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
  /// 2^(byte − 128); zero for the two bytes whose power is below the normal floats.
  static Floats powers_of_two(const std::uint8_t* at) {
    const __m256i exponents = _mm256_max_epi32(_mm256_sub_epi32(widened(at), ints(1)), _mm256_setzero_si256());
    return _mm256_castsi256_ps(_mm256_slli_epi32(exponents, 23));
  }
  /// Halves of NVFP4's scales: bits in the places of a half's are 2^-8 of the value.
  static Floats eight_bit_floats(const std::uint8_t* at) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(at));
    const __m128i kept = _mm_andnot_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)), bytes);
    const __m128i bits = _mm_and_si128(_mm_slli_epi16(_mm_cvtepu8_epi16(kept), 7), _mm_set1_epi16(0x3f80));
    return multiply(_mm256_cvtph_ps(bits), floats(128.0f));
  }
  static Floats negative(Floats value) { return _mm256_sub_ps(_mm256_setzero_ps(), value); }
  static Floats multiply(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
  static Floats fma(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
  /// c − a · b
  static Floats fma_negative(Floats a, Floats b, Floats c) { return _mm256_fnmadd_ps(a, b, c); }
  static void store(float* at, Floats value) { _mm256_storeu_ps(at, value); }

 private:
  /// All bits of each byte whose bit in a 32-bit word is set.
  static __m256i where_set(const std::uint8_t* bits) {
    std::int32_t word;
    __builtin_memcpy(&word, bits, 4);
    const __m256i lane_byte = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1,  //
                                               2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    const __m256i lane_bit = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201ull));
    const __m256i found = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(word), lane_byte), lane_bit);
    return _mm256_cmpeq_epi8(found, lane_bit);
  }
  static __m256i widened(const std::uint8_t* at) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at)));
  }
};

}  // namespace
}  // namespace brim::kernels::avx2
