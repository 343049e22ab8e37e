// See distinctness.hpp. Plain code without fused products (engine/CMakeLists.txt), in double, so that squares neither
// overflow nor vanish; about 3 multiply-adds per value, thousands of times fewer than a token's products with weights.
#include "engine/kv/distinctness.hpp"

#include <cmath>

namespace brim::kv {
namespace {

/// term(0) + … + term(size − 1), in eight sums side by side, which are then added in pairs.
template <class Term>
double sum_of(int size, Term term) noexcept {
  constexpr int kSums = 8;
  double sums[kSums] = {};
  const int whole = size - size % kSums;
  for (int first = 0; first < whole; first += kSums) {
    for (int i = 0; i < kSums; ++i) sums[i] += term(first + i);
  }
  for (int d = whole; d < size; ++d) sums[d - whole] += term(d);
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

}  // namespace

float add_and_compare(const float* key, int size, float* anchor) noexcept {
  const double length = std::sqrt(sum_of(size, [&](int d) { return double{key[d]} * double{key[d]}; }));
  if (length == 0) return 0;
  const double inverse = 1 / length;
  for (int d = 0; d < size; ++d) anchor[d] += static_cast<float>(double{key[d]} * inverse);
  const double along = sum_of(size, [&](int d) { return double{key[d]} * double{anchor[d]}; }) * inverse;
  const double whole = std::sqrt(sum_of(size, [&](int d) { return double{anchor[d]} * double{anchor[d]}; }));
  return whole == 0 ? 0 : static_cast<float>(-along / whole);
}

}  // namespace brim::kv
