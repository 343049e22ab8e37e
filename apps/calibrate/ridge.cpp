// See ridge.hpp.
#include "apps/calibrate/ridge.hpp"

#include <algorithm>
#include <cmath>

#include "apps/calibrate/cholesky.hpp"
#include "apps/loops/parallel_for.hpp"

namespace brim::apps {

RidgeSums::RidgeSums(std::size_t inputs, std::size_t outputs)
    : inputs_(inputs), outputs_(outputs), size_(inputs + 1), squares_(size_ * size_), products_(outputs * size_) {}

void RidgeSums::add(std::span<const float> rows, std::span<const float> targets, int threads) {
  const std::size_t count = rows.size() / inputs_;
  const auto value = [&](std::size_t row, std::size_t i) {
    return i < inputs_ ? double{rows[row * inputs_ + i]} : 1.0;
  };
  parallel_for(threads, static_cast<std::int64_t>(size_ + outputs_), [&](std::int64_t index, int) {
    const auto place = static_cast<std::size_t>(index);
    const bool of_targets = place >= size_;
    const std::size_t end = of_targets ? inputs_ : std::min(place + 1, inputs_);
    double* sums = of_targets ? products_.data() + (place - size_) * size_ : squares_.data() + place * size_;
    for (std::size_t row = 0; row < count; ++row) {
      const double factor = of_targets ? double{targets[row * outputs_ + (place - size_)]} : value(row, place);
      const float* x = rows.data() + row * inputs_;
      for (std::size_t i = 0; i < end; ++i) sums[i] += factor * double{x[i]};
      if (of_targets || place == inputs_) sums[inputs_] += factor;  // times the intercept's 1
    }
  });
  count_ += static_cast<std::int64_t>(count);
}

bool RidgeSums::solve(double relative, std::span<float> weights) {
  std::fill(weights.begin(), weights.end(), 0.0f);
  double trace = 0;
  for (std::size_t i = 0; i < inputs_; ++i) trace += squares_[i * size_ + i];
  const double lambda = relative * trace / static_cast<double>(inputs_);
  for (std::size_t i = 0; i < inputs_; ++i) squares_[i * size_ + i] += lambda;
  if (count_ == 0 || !factorise(squares_, size_)) return false;
  for (std::size_t output = 0; output < outputs_; ++output) {
    const std::span<double> own(products_.data() + output * size_, size_);
    solve_factorised(squares_, size_, own);
    std::transform(own.begin(), own.end(), weights.begin() + static_cast<std::ptrdiff_t>(output * size_),
                   [](double weight) { return static_cast<float>(weight); });
  }
  const bool finite = std::all_of(weights.begin(), weights.end(), [](float weight) { return std::isfinite(weight); });
  if (!finite) std::fill(weights.begin(), weights.end(), 0.0f);
  return finite;
}

double Explained::r2() const {
  if (count_ == 0) return 0;
  const double spread = squares_ - sum_ * sum_ / static_cast<double>(count_);
  return spread > 0 ? 1 - errors_ / spread : 0;
}

}  // namespace brim::apps
