// The peak of this set's 8-bit products: tdpbusd on four independent tiles of sums, with the operands in tiles too.
#include "kernels/amx/instructions.hpp"
#include "kernels/amx/products.hpp"

namespace brim::kernels::amx {

std::int64_t int8_operations(std::int64_t rounds) noexcept {
  const Tiles<Instructions>::Session session;
  for_constants<0, 8>([](auto tile) __attribute__((always_inline)) { Instructions::zero<decltype(tile)::value>(); });
  for (std::int64_t round = 0; round < rounds; ++round) {
    for_constants<0, 4>([](auto sums) __attribute__((always_inline)) {
      Instructions::multiply_bytes<decltype(sums)::value, 4 + decltype(sums)::value / 2,
                                   6 + decltype(sums)::value % 2>();
    });
  }
  return rounds * 4 * (16 * 16 * 64 * 2);
}

}  // namespace brim::kernels::amx
