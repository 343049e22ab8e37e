// The peak of this set's 8-bit products: vpdpbusd on twelve independent sums in registers.
#include <immintrin.h>

#include "kernels/avx_vnni/products.hpp"

namespace brim::kernels::avx_vnni {

std::int64_t int8_operations(std::int64_t rounds) noexcept {
  constexpr int kSums = 12;
  __m256i sums[kSums], levels = _mm256_set1_epi8(3), quants = _mm256_set1_epi8(-5);
  for (__m256i& sum : sums) {
    sum = _mm256_setzero_si256();
    asm volatile("" : "+x"(sum));  // otherwise the compiler would keep one sum for all equal ones
  }
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (__m256i& sum : sums) sum = _mm256_dpbusd_avx_epi32(sum, levels, quants);
  }
  for (__m256i& sum : sums) asm volatile("" : : "x"(sum));
  return rounds * kSums * 32 * 2;
}

}  // namespace brim::kernels::avx_vnni
