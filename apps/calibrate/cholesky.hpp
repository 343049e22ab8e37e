// The Cholesky factorisation of a symmetric, positive definite matrix, in double.
#pragma once

#include <cstddef>
#include <span>

namespace brim::apps {

/// Replaces the lower triangle of `matrix`, n rows of n values, by L with L · Lᵀ = matrix; what is above the diagonal is
/// neither read nor written. False where the matrix is not positive definite or not finite; its content is then lost.
bool factorise(std::span<double> matrix, std::size_t n);

/// Replaces b by the x with L · Lᵀ · x = b, where `factor` is what factorise() left.
void solve_factorised(std::span<const double> factor, std::size_t n, std::span<double> b);

}  // namespace brim::apps
