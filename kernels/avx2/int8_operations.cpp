// The peak of this set's 8-bit products: vpmaddubsw, vpmaddwd and vpaddd on twelve independent sums in registers.
#include <immintrin.h>

#include "kernels/avx2/products.hpp"

namespace brim::kernels::avx2 {

std::int64_t int8_operations(std::int64_t rounds) noexcept {
  constexpr int kSums = 12;
  __m256i sums[kSums], levels = _mm256_set1_epi8(3), quants = _mm256_set1_epi8(-5), ones = _mm256_set1_epi16(1);
  for (__m256i& sum : sums) sum = _mm256_setzero_si256();
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (__m256i& sum : sums) {
      // Without this the compiler would compute the product once, for all sums.
      asm volatile("" : "+x"(levels));
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(levels, quants), ones));
    }
  }
  for (__m256i& sum : sums) asm volatile("" : : "x"(sum));
  return rounds * kSums * 32 * 2;
}

}  // namespace brim::kernels::avx2
