// The peak of this set's 8-bit products: vpmaddubsw, vpmaddwd and vpaddd on sixteen independent sums in registers.
#include <immintrin.h>

#include "kernels/avx512/products.hpp"

namespace brim::kernels::avx512 {

std::int64_t int8_operations(std::int64_t rounds) noexcept {
  constexpr int kSums = 16;
  __m512i sums[kSums], levels = _mm512_set1_epi8(3), quants = _mm512_set1_epi8(-5), ones = _mm512_set1_epi16(1);
  for (__m512i& sum : sums) sum = _mm512_setzero_si512();
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (__m512i& sum : sums) {
      // Without this the compiler would compute the product once, for all sums.
      asm volatile("" : "+v"(levels));
      sum = _mm512_add_epi32(sum, _mm512_madd_epi16(_mm512_maddubs_epi16(levels, quants), ones));
    }
  }
  for (__m512i& sum : sums) asm volatile("" : : "v"(sum));
  return rounds * kSums * 64 * 2;
}

}  // namespace brim::kernels::avx512
