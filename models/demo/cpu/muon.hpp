// The Muon update for weight matrices: momentum whose singular values are all brought near 1 (Jordan et al. 2024), by five
// Newton–Schulz steps X ← aX + (bA + cA²)X with A = XXᵀ, in bfloat16. Scaled as Liu et al. 2025 so that one learning rate
// and one decay serve it and AdamW. Where it sits: beside attention.hpp, called by step.cpp.
#pragma once
#include <vector>

#include "product.hpp"
#include "rows.hpp"

namespace demo {

class Orthogonaliser {
 public:
  /// In place: x [m × n], both multiples of 32.
  void run(std::vector<float>& x, size_t m, size_t n) {
    const bool tall = m > n;
    if (tall) transpose(x, m, n);
    const size_t k = tall ? n : m;
    const size_t width = tall ? m : n;
    double sum = 0;
    for (float value : x) sum += static_cast<double>(value) * value;
    const auto factor = static_cast<float>(1.0 / (std::sqrt(sum) + 1e-12));
    for (float& value : x) value *= factor;
    narrow_x_.resize(k * width), across_.resize(k * width / 2), down_.resize(k * width / 2);
    square_.resize(k * k), narrow_square_.resize(k * k), panels_.resize(k * k / 2), mixed_.resize(k * k);
    for (int step = 0; step < 5; ++step) {
      narrow_all(x.data(), k * width, narrow_x_.data());
      pack_transposed(narrow_x_.data(), width, width, k, across_.data());
      multiply(rows_of(narrow_x_.data(), width), k, across_.data(), width / 2, k, StoreFloat{square_.data(), k});
      narrow_all(square_.data(), k * k, narrow_square_.data());
      pack_rows(narrow_square_.data(), k, k, k, panels_.data());
      multiply(rows_of(narrow_square_.data(), k), k, panels_.data(), k / 2, k, StoreFloat{mixed_.data(), k});
      for (size_t i = 0; i < k * k; ++i) mixed_[i] = kB * square_[i] + kC * mixed_[i];
      narrow_all(mixed_.data(), k * k, narrow_square_.data());
      pack_rows(narrow_x_.data(), width, k, width, down_.data());
      for (float& value : x) value *= kA;
      multiply(rows_of(narrow_square_.data(), k), k, down_.data(), k / 2, width, AddFloat{x.data(), width});
    }
    if (tall) transpose(x, n, m);
  }

 private:
  static constexpr float kA = 3.4445f, kB = -4.7750f, kC = 2.0315f;  // Jordan's coefficients

  void transpose(std::vector<float>& x, size_t m, size_t n) {
    transposed_.resize(m * n);
    for (size_t i = 0; i < m; ++i) {
      for (size_t j = 0; j < n; ++j) transposed_[j * m + i] = x[i * n + j];
    }
    std::swap(x, transposed_);
  }

  std::vector<Bf16> narrow_x_, narrow_square_;
  std::vector<Pair> across_, down_, panels_;
  std::vector<float> square_, mixed_, transposed_;
};

}  // namespace demo
