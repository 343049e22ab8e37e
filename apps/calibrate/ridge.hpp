// Ridge regression in closed form, with an intercept: (XᵀX + λI)⁻¹ XᵀY, from sums that grow piece by piece, so that the
// rows need not be kept. λ does not apply to the intercept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace brim::apps {

class RidgeSums {
 public:
  /// Allocates (inputs + 1)² numbers.
  RidgeSums(std::size_t inputs, std::size_t outputs);
  static std::size_t bytes(std::size_t inputs, std::size_t outputs) {
    return (inputs + 1) * (inputs + 1 + outputs) * sizeof(double);
  }

  /// Adds rows[count][inputs] with targets[count][outputs]. The sums do not depend on the number of threads, nor on the
  /// pieces in which rows are added.
  void add(std::span<const float> rows, std::span<const float> targets, int threads);
  std::int64_t count() const { return count_; }

  /// Writes the weights, [outputs][inputs + 1], the intercept last. λ is `relative` times the mean of the inputs' sums of
  /// squares. The sums are lost. False, with zeros written, where there is no solution: no rows, or values that are not
  /// finite.
  bool solve(double relative, std::span<float> weights);

 private:
  std::size_t inputs_, outputs_, size_;
  std::int64_t count_ = 0;
  std::vector<double> squares_;   // [size][size] XᵀX, its lower triangle; the last row is the intercept's
  std::vector<double> products_;  // [outputs][size] YᵀX
};

/// How much of the variance of targets predictions explain, from sums.
class Explained {
 public:
  void add(double target, double prediction) {
    ++count_;
    sum_ += target;
    squares_ += target * target;
    errors_ += (target - prediction) * (target - prediction);
  }
  /// R² = 1 − Σ error² / Σ (target − mean)²; 0 where targets do not differ.
  double r2() const;

 private:
  std::int64_t count_ = 0;
  double sum_ = 0, squares_ = 0, errors_ = 0;
};

}  // namespace brim::apps
