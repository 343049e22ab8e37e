// The Walsh–Hadamard rotation of cached vectors by its definition, in doubles: H[i][j] = (−1)^popcount(i & j) / √n in
// each block of n values.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/kv_type.hpp"

namespace brim::test {

/// H · x where `type` stores vectors rotated, else x.
template <class Number>
std::vector<double> rotated(kernels::KvType type, const std::vector<Number>& x) {
  std::vector<double> out(x.begin(), x.end());
  if (!kernels::kv_scaled(type)) return out;
  for (std::size_t first = 0; first < x.size();) {
    const std::size_t size = std::bit_floor(std::min<std::size_t>(x.size() - first, 256));
    for (std::size_t i = 0; i < size; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < size; ++j) {
        sum += static_cast<double>(x[first + j]) * (std::popcount(i & j) % 2 == 0 ? 1 : -1);
      }
      out[first + i] = sum / std::sqrt(static_cast<double>(size));
    }
    first += size;
  }
  return out;
}

/// A bound of the error of H · x in floats, for each value: a rounding in each of at most 8 sums and in the factor.
template <class Number>
double rotation_error(kernels::KvType type, const std::vector<Number>& x) {
  if (!kernels::kv_scaled(type)) return 0;
  double squares = 0;
  for (const Number value : x) squares += static_cast<double>(value) * static_cast<double>(value);
  return 10 * 0x1p-24 * std::sqrt(squares);
}

}  // namespace brim::test
