// Products of sixteen rows of a panel without dot product instructions: vpmaddwd multiplies 16-bit levels and
// activations and adds pairs of columns in 32 bits.
#pragma once

#include "kernels/avx512/rows.hpp"
#include "kernels/shared/word_sums.ipp"

namespace brim::kernels::avx512 {
namespace {

struct Lanes : Rows {
  using Words = __m512i;
  static constexpr int kVectors = 1, kTokens = 8, kAtOnce = 4, kStreams = 4;
  static constexpr int kAhead = 2048;  ///< prefetch distance of each stream in bytes

  template <class Format>
  using Sums = WordSums<Lanes, Format>;

  /// Four levels of the first two rows of every four.
  template <class Format>
  static Words first_words(Bytes levels) {
    return Format::kBits == 8 ? _mm512_srai_epi16(_mm512_unpacklo_epi8(levels, levels), 8)
                              : _mm512_unpacklo_epi8(levels, _mm512_setzero_si512());
  }
  /// Four levels of the last two rows of every four.
  template <class Format>
  static Words last_words(Bytes levels) {
    return Format::kBits == 8 ? _mm512_srai_epi16(_mm512_unpackhi_epi8(levels, levels), 8)
                              : _mm512_unpackhi_epi8(levels, _mm512_setzero_si512());
  }
  /// Four activations, for every row.
  static Words four_words(const void* at) {
    long long bits;
    __builtin_memcpy(&bits, at, 8);
    return _mm512_set1_epi64(bits);
  }
  static Ints multiply_words(Words levels, Words values) { return _mm512_madd_epi16(levels, values); }
  static void add_to(Ints& sum, Ints value) {
    value = _mm512_add_epi32(sum, value);
    asm("" : "+v"(value));  // otherwise GCC keeps many products to add them in another order
    sum = value;
  }
  /// The rows' sums over their two pairs of columns.
  static Ints add_pairs(Ints first, Ints last) {
    const __m512 a = _mm512_castsi512_ps(first), b = _mm512_castsi512_ps(last);
    return _mm512_add_epi32(_mm512_castps_si512(_mm512_shuffle_ps(a, b, 0x88)),
                            _mm512_castps_si512(_mm512_shuffle_ps(a, b, 0xdd)));
  }
};

}  // namespace
}  // namespace brim::kernels::avx512
