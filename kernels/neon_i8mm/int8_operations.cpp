// The peak of this set's 8-bit products: smmla on sixteen independent sums.
#include <arm_neon.h>

#include "kernels/neon_i8mm/products.hpp"

namespace brim::kernels::neon_i8mm {

std::int64_t int8_operations(std::int64_t rounds) noexcept {
  constexpr int kSums = 16;
  int32x4_t sums[kSums];
  int8x16_t levels = vdupq_n_s8(3);
  const int8x16_t quants = vdupq_n_s8(-5);
  for (int32x4_t& sum : sums) sum = vdupq_n_s32(0);
  for (std::int64_t round = 0; round < rounds; ++round) {
    // Without this the compiler would compute the product once, for all rounds.
    asm volatile("" : "+w"(levels));
    for (int32x4_t& sum : sums) sum = vmmlaq_s32(sum, levels, quants);
  }
  for (int32x4_t& sum : sums) asm volatile("" : : "w"(sum));
  return rounds * kSums * 32 * 2;
}

}  // namespace brim::kernels::neon_i8mm
