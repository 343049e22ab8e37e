// Converts the levels of a panel's sixteen rows to bf16, in the order that tiles require: the members of `Lanes` for
// kernels/shared/gemm.ipp. AMX unpacks with it too.
//
// Levels below 128 become bf16 without a conversion: the word 0x4300 + level is 128 + level. Signed levels are put in
// the highest byte of a double word, and their factor divides by 2^24 again.
#pragma once

#include "kernels/avx512/rows.hpp"
#include "kernels/shared/constants.ipp"

namespace brim::kernels::avx512_bf16 {
namespace {

struct Lanes : avx512::Rows {
  /// value = factor · (level as put_columns stores it) + shift
  struct Spread {
    __m512 factor, shift;
  };

  template <int kBits>
  static Spread spread(Floats scale, int offset, Floats minimum) {
    const Floats shift = negative(minimum);
    if constexpr (kBits == 8) return {multiply(scale, floats(0x1p-24f)), shift};
    return {scale, fma_negative(scale, floats(static_cast<float>(128 + offset)), shift)};
  }

  /// Writes 64 levels, four columns of each row, to two rows of a tile.
  template <int kBits>
  static void put_columns(Bytes levels, const Spread& spread, std::byte* to) {
    const __m512i pairs = _mm512_shuffle_epi8(
        levels, _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15)));
    if constexpr (kBits == 8) {
      put<kBits>(_mm512_unpacklo_epi8(_mm512_setzero_si512(), pairs), spread, to);
      put<kBits>(_mm512_unpackhi_epi8(_mm512_setzero_si512(), pairs), spread, to + 64);
    } else {
      put<kBits>(_mm512_unpacklo_epi8(pairs, _mm512_set1_epi8(0x43)), spread, to);
      put<kBits>(_mm512_unpackhi_epi8(pairs, _mm512_set1_epi8(0x43)), spread, to + 64);
    }
  }

  /// Writes two columns of sixteen bf16 values, one after the other, to one row of a tile.
  static void put_pair(const std::byte* columns, std::byte* to) {
    _mm512_storeu_si512(to, _mm512_permutexvar_epi16(alternating(), _mm512_loadu_si512(columns)));
  }

 private:
  /// Words 0, 16, 1, 17, …
  static __m512i alternating() {
    return _mm512_add_epi32(_mm512_set1_epi32(0x100000),
                            _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                                               _mm512_set1_epi32(0x10001)));
  }
  template <int kBits>
  static Floats as_floats(__m512i bits) {
    if constexpr (kBits == 8) return _mm512_cvtepi32_ps(bits);
    return _mm512_castsi512_ps(bits);
  }
  /// The even and odd words of each double word are two columns of one row.
  template <int kBits>
  static void put(__m512i words, const Spread& spread, std::byte* to) {
    const Floats even = fma(as_floats<kBits>(_mm512_slli_epi32(words, 16)), spread.factor, spread.shift);
    const Floats odd =
        fma(as_floats<kBits>(_mm512_and_si512(words, _mm512_set1_epi32(-65536))), spread.factor, spread.shift);
    const auto both = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(odd, even));
    _mm512_storeu_si512(to, _mm512_permutexvar_epi16(alternating(), both));
  }
};

}  // namespace
}  // namespace brim::kernels::avx512_bf16
