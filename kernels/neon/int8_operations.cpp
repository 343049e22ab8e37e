// The peak of this set's 8-bit products: widening multiplies of two halves, summed in pairs, on eight independent sums.
#include <arm_neon.h>

#include "kernels/neon/products.hpp"

namespace brim::kernels::neon {

std::int64_t int8_operations(std::int64_t rounds) noexcept {
  constexpr int kSums = 8;
  int32x4_t sums[kSums];
  int8x16_t levels = vdupq_n_s8(3), quants = vdupq_n_s8(-5);
  for (int32x4_t& sum : sums) sum = vdupq_n_s32(0);
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (int32x4_t& sum : sums) {
      // Without this the compiler would compute the product once, for all sums.
      asm volatile("" : "+w"(levels));
      const int16x8_t low = vmull_s8(vget_low_s8(levels), vget_low_s8(quants));
      sum = vpadalq_s16(sum, vmlal_high_s8(low, levels, quants));
    }
  }
  for (int32x4_t& sum : sums) asm volatile("" : : "w"(sum));
  return rounds * kSums * 16 * 2;
}

}  // namespace brim::kernels::neon
