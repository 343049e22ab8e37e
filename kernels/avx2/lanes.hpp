// Products of eight rows of a panel without dot product instructions: vpmaddwd multiplies 16-bit levels and activations
// and adds pairs of columns in 32 bits.
#pragma once

#include "kernels/avx2/rows.hpp"
#include "kernels/shared/word_sums.ipp"

namespace brim::kernels::avx2 {
namespace {

struct Lanes : Rows {
  using Words = __m256i;
  static constexpr int kVectors = 2, kTokens = 8, kAtOnce = 4, kStreams = 2;
  static constexpr int kAhead = 2048;  ///< prefetch distance of each stream in bytes

  template <class Format>
  using Sums = WordSums<Lanes, Format>;

  /// Four levels of rows 0, 1, 4, 5.
  template <class Format>
  static Words first_words(Bytes levels) {
    return Format::kBits == 8 ? _mm256_srai_epi16(_mm256_unpacklo_epi8(levels, levels), 8)
                              : _mm256_unpacklo_epi8(levels, _mm256_setzero_si256());
  }
  /// Four levels of rows 2, 3, 6, 7.
  template <class Format>
  static Words last_words(Bytes levels) {
    return Format::kBits == 8 ? _mm256_srai_epi16(_mm256_unpackhi_epi8(levels, levels), 8)
                              : _mm256_unpackhi_epi8(levels, _mm256_setzero_si256());
  }
  /// Four activations, for every row.
  static Words four_words(const void* at) {
    long long bits;
    __builtin_memcpy(&bits, at, 8);
    return _mm256_set1_epi64x(bits);
  }
  static Ints multiply_words(Words levels, Words values) { return _mm256_madd_epi16(levels, values); }
  static void add_to(Ints& sum, Ints value) {
    value = _mm256_add_epi32(sum, value);
    asm("" : "+x"(value));  // otherwise GCC keeps many products to add them in another order
    sum = value;
  }
  /// The rows' sums over their two pairs of columns.
  static Ints add_pairs(Ints first, Ints last) { return _mm256_hadd_epi32(first, last); }
};

}  // namespace
}  // namespace brim::kernels::avx2
