// The peak of this set's 8-bit products: vpdpbusd on sixteen independent sums in registers.
#include <immintrin.h>

#include "kernels/avx512_vnni/products.hpp"

namespace brim::kernels::avx512_vnni {

std::int64_t int8_operations(std::int64_t rounds) noexcept {
  constexpr int kSums = 16;
  __m512i sums[kSums], levels = _mm512_set1_epi8(3), quants = _mm512_set1_epi8(-5);
  for (__m512i& sum : sums) {
    sum = _mm512_setzero_si512();
    asm volatile("" : "+v"(sum));  // otherwise the compiler would keep one sum for all equal ones
  }
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (__m512i& sum : sums) sum = _mm512_dpbusd_epi32(sum, levels, quants);
  }
  for (__m512i& sum : sums) asm volatile("" : : "v"(sum));
  return rounds * kSums * 64 * 2;
}

}  // namespace brim::kernels::avx512_vnni
