// See candidates.hpp.
#include "engine/generate/candidates.hpp"

#include <algorithm>
#include <limits>

#include "engine/generate/portable_math.hpp"

namespace brim::generate {
namespace {

bool better(const Candidate& left, const Candidate& right) {
  return left.logit != right.logit ? left.logit > right.logit : left.id < right.id;
}

}  // namespace

bool Candidates::fill(std::span<const float> logits) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::size_t count = std::min(logits.size(), items_.size());
  std::size_t kept = 0;
  bool wrong = false;
  for (std::size_t id = 0; id < count; ++id) {  // without a branch: the write is overwritten when it was not kept
    const float logit = logits[id];
    items_[kept] = {static_cast<std::int32_t>(id), logit};
    kept += static_cast<std::size_t>((logit > -kInfinity) & (logit < kInfinity));
    wrong |= !(logit < kInfinity);
  }
  size_ = kept;
  sorted_ = 0;
  return !wrong;
}

float Candidates::best_logit() const {
  float best = items_[0].logit;
  if (sorted_ == 0) {
    for (std::size_t index = 1; index < size_; ++index) best = std::max(best, items_[index].logit);
  }
  return best;
}

void Candidates::sort_first(std::size_t count) {
  count = std::min(count, size_);
  if (count <= sorted_) return;
  const auto begin = items_.begin() + static_cast<std::ptrdiff_t>(sorted_);
  const auto middle = items_.begin() + static_cast<std::ptrdiff_t>(count);
  const auto end = items_.begin() + static_cast<std::ptrdiff_t>(size_);
  if (count < size_ / 4) {
    std::partial_sort(begin, middle, end, better);
    sorted_ = count;
  } else {
    std::sort(begin, end, better);
    sorted_ = size_;
  }
}

void Candidates::keep_first(std::size_t count) {
  size_ = std::min(size_, count);
  sorted_ = std::min(sorted_, size_);
}

double Candidates::weigh() {
  const double best = best_logit();
  for (std::size_t index = 0; index < size_; ++index) weights_[index] = portable_exp(items_[index].logit - best);
  double sum = 0;
  for (std::size_t index = 0; index < size_; ++index) sum += weights_[index];
  return sum;
}

}  // namespace brim::generate
