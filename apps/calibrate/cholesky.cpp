// See cholesky.hpp. Row by row, so that all sums go over neighbouring values.
#include "apps/calibrate/cholesky.hpp"

#include <cmath>

namespace brim::apps {
namespace {

/// Σ a[i] · b[i], in eight sums side by side.
double dot(const double* a, const double* b, std::size_t count) {
  constexpr std::size_t kSums = 8;
  double sums[kSums] = {};
  const std::size_t whole = count - count % kSums;
  for (std::size_t first = 0; first < whole; first += kSums) {
    for (std::size_t i = 0; i < kSums; ++i) sums[i] += a[first + i] * b[first + i];
  }
  for (std::size_t i = whole; i < count; ++i) sums[i - whole] += a[i] * b[i];
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

}  // namespace

bool factorise(std::span<double> matrix, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    double* row = matrix.data() + i * n;
    for (std::size_t j = 0; j < i; ++j) {
      const double* other = matrix.data() + j * n;
      row[j] = (row[j] - dot(row, other, j)) / other[j];
    }
    const double left = row[i] - dot(row, row, i);
    if (!(left > 0) || !std::isfinite(left)) return false;
    row[i] = std::sqrt(left);
  }
  return true;
}

void solve_factorised(std::span<const double> factor, std::size_t n, std::span<double> b) {
  for (std::size_t i = 0; i < n; ++i) {
    const double* row = factor.data() + i * n;
    b[i] = (b[i] - dot(row, b.data(), i)) / row[i];
  }
  for (std::size_t i = n; i-- > 0;) {
    const double* row = factor.data() + i * n;
    b[i] /= row[i];
    for (std::size_t j = 0; j < i; ++j) b[j] -= row[j] * b[i];
  }
}

}  // namespace brim::apps
