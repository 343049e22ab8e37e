// The peak of 8-bit products in plain C++: multiply-adds of values that stay in the first-level cache.
#include "kernels/generic/fill.hpp"

namespace brim::kernels::generic {
namespace {

std::int64_t int8_operations(std::int64_t rounds) noexcept {
  constexpr int kValues = 1024;
  std::int8_t a[kValues], b[kValues];
  for (int i = 0; i < kValues; ++i) {
    a[i] = static_cast<std::int8_t>(i % 17 - 8);
    b[i] = static_cast<std::int8_t>(i % 13 - 6);
  }
  for (std::int64_t round = 0; round < rounds; ++round) {
    std::int32_t sum = 0;
    // Makes the compiler believe that the values change and that the sum is needed.
    asm volatile("" : : "r"(a), "r"(b) : "memory");
    for (int i = 0; i < kValues; ++i) sum += a[i] * b[i];
    asm volatile("" : : "r"(sum));
  }
  return rounds * kValues * 2;
}

}  // namespace

void fill_peak(Table& table) { table.int8_operations = int8_operations; }

}  // namespace brim::kernels::generic
