// SqueezeAttention (arXiv 2404.04793): a layer whose attention hardly changes the residual stream matters little.
// Layers are put in three groups by the cosine of the stream before and after attention; the group with the highest
// cosine gets p = .35 of the average, and the other groups share what this frees. The grouping is the exact
// least-squares one (three runs of the sorted values), where the paper uses k-means.
#include <algorithm>
#include <limits>

#include "engine/kv/budget.hpp"

namespace brim::research {
namespace {

/// Values that are grouped together; spread is Σ (x − mean)².
struct Group {
  double count = 0, sum = 0, squares = 0;
  void add(double value) {
    count += 1;
    sum += value;
    squares += value * value;
  }
  double spread() const { return count > 0 ? squares - sum * sum / count : 0; }
};

/// The smallest value of the group of the largest values, when the values form the three groups with the smallest
/// spread.
double bound_of_largest(std::span<const double> values) {
  double best = std::numeric_limits<double>::infinity(), bound = best;
  // There are few layers: every pair of values is tried as the bounds between groups.
  for (const double middle : values) {
    for (const double high : values) {
      if (high < middle) continue;
      Group groups[3];
      for (const double value : values) groups[value >= high ? 2 : value >= middle ? 1 : 0].add(value);
      const double spread = groups[0].spread() + groups[1].spread() + groups[2].spread();
      if (spread < best && groups[2].count < static_cast<double>(values.size())) {
        best = spread;
        bound = high;
      }
    }
  }
  return bound;
}

class SqueezeSplit : public kv::Split {
 public:
  std::string_view name() const override { return "squeeze"; }
  kv::Needs needs() const override {
    kv::Needs needs;
    needs.statistic = kv::LayerStatistic::similarity;
    return needs;
  }

  void shares(const kv::SplitCase& given, std::span<double> shares) const override {
    std::fill(shares.begin(), shares.end(), 1.0);
    if (given.seen.size() != shares.size()) return;
    const double bound = bound_of_largest(given.seen);
    double squeezed = 0;
    for (const double value : given.seen) squeezed += value >= bound ? 1 : 0;
    const double others = static_cast<double>(shares.size()) - squeezed;
    if (squeezed == 0 || others == 0) return;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      shares[i] = given.seen[i] >= bound ? kSqueezed : 1 + squeezed * (1 - kSqueezed) / others;
    }
  }

 private:
  static constexpr double kSqueezed = 0.35;
};

}  // namespace

const kv::Split& squeeze_split() {
  static const SqueezeSplit instance;
  return instance;
}

}  // namespace brim::research
