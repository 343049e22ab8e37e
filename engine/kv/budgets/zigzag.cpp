// Layer uncertainty (ZigZagKV, arXiv 2412.09036): a layer whose heads need many entries to hold their attention (LMBA), or
// their output (LMBO), gets more: B_l = B_bound + (B_avg − B_bound) · L · u_l with u_l = LMBA_l / ΣLMBA and
// B_bound = .2 · B_avg (its equations 4 to 6). The paper measures once over a whole prompt. Ours is measured while
// reading, over what is still in the cache, as a share of it — evicted entries cannot be seen, so a number of entries would
// confirm itself — and smoothed; the cache moves the quotas a step at a time.
#include <algorithm>
#include <numeric>

#include "engine/kv/budget.hpp"

namespace brim::kv {
namespace {

class ZigzagSplit : public Split {
 public:
  explicit ZigzagSplit(LayerStatistic statistic) : statistic_(statistic) {}

  Needs needs() const override {
    Needs needs;
    needs.statistic = statistic_;
    return needs;
  }

  void shares(const SplitCase& given, std::span<double> shares) const override {
    const double sum = std::accumulate(given.seen.begin(), given.seen.end(), 0.0);
    if (given.seen.size() != shares.size() || !(sum > 0)) {
      std::fill(shares.begin(), shares.end(), 1.0);
      return;
    }
    const double count = static_cast<double>(shares.size());
    for (std::size_t i = 0; i < shares.size(); ++i) shares[i] = kBound + (1 - kBound) * count * given.seen[i] / sum;
  }

 private:
  static constexpr double kBound = 0.2;
  LayerStatistic statistic_;
};

}  // namespace

const Split& zigzag_split() {
  static const ZigzagSplit instance(LayerStatistic::minimal_budget);
  return instance;
}

const Split& zigzag_output_split() {
  static const ZigzagSplit instance(LayerStatistic::output_budget);
  return instance;
}

}  // namespace brim::kv
