// See statistics.hpp.
#include "engine/model/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace brim::model {

std::int64_t min_entries_for(std::span<float> weights, double share) noexcept {
  double total = 0;
  for (const float weight : weights) total += weight;
  if (!(total > 0)) return 0;
  const double target = total * share;
  // Quickselect by attention weight: the entries above a pivot are either all needed, or the answer lies among them.
  constexpr std::ptrdiff_t kFew = 24;
  double before = 0;
  auto first = weights.begin(), end = weights.end();
  while (end - first > kFew) {
    const float a = *first, b = first[(end - first) / 2], c = end[-1];
    const float pivot = std::max(std::min(a, b), std::min(std::max(a, b), c));
    const auto above = std::partition(first, end, [&](float weight) { return weight > pivot; });
    const auto equal = std::partition(above, end, [&](float weight) { return !(weight < pivot); });
    double sum = 0;
    for (auto weight = first; weight != above; ++weight) sum += *weight;
    if (before + sum >= target) {
      end = above;
      continue;
    }
    before += sum;
    const double missing = target - before, each = pivot, alike = each * static_cast<double>(equal - above);
    if (alike >= missing) {
      return (above - weights.begin()) + static_cast<std::int64_t>(each > 0 ? std::ceil(missing / each) : 0);
    }
    before += alike;
    first = equal;
  }
  std::sort(first, end, std::greater<>());
  for (; first != end && before < target; ++first) before += *first;
  return first - weights.begin();
}

double entropy(std::span<const float> weights) noexcept {
  double total = 0, sum = 0;
  for (const float weight : weights) {
    if (!(weight > 0)) continue;
    total += weight;
    sum += weight * std::log(static_cast<double>(weight));
  }
  return total > 0 ? std::log(total) - sum / total : 0;
}

double variance_over_queries(std::span<const float> sums, std::span<const float> squares,
                             std::int64_t queries) noexcept {
  const double count = static_cast<double>(queries);
  double variance = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const double mean = sums[i] / count;
    variance += std::max(squares[i] / count - mean * mean, 0.0);
  }
  return variance;
}

}  // namespace brim::model
