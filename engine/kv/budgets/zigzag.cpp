// Layer uncertainty (ZigZagKV, arXiv 2412.09036): a layer whose heads need many entries to hold their attention (LMBA)
// gets more: B_l = B_bound + (B_avg − B_bound) · L · u_l with u_l = LMBA_l / ΣLMBA and B_bound = .2 · B_avg (equations
// 4 to 6). The paper measures once over a whole prompt. Ours is measured while tokens are processed, over the entries
// still in the cache, and as a share of these entries, because evicted entries cannot be seen and an absolute number
// would confirm itself. It is smoothed, and the cache moves the quotas one step at a time.
#include "engine/kv/budgets/zigzag.hpp"

#include <algorithm>
#include <numeric>

#include "engine/kv/policies.hpp"

namespace brim::kv {
namespace {

constexpr double kBound = 0.2;

class ZigzagSplit : public Split {
 public:
  std::string_view name() const override { return "zigzag"; }
  Needs needs() const override {
    Needs needs;
    needs.statistic = LayerStatistic::minimal_budget;
    return needs;
  }
  void shares(const SplitCase& given, std::span<double> shares) const override {
    shares_by_uncertainty(given.seen, shares);
  }
};

}  // namespace

void shares_by_uncertainty(std::span<const double> seen, std::span<double> shares) {
  const double sum = std::accumulate(seen.begin(), seen.end(), 0.0);
  if (seen.size() != shares.size() || !(sum > 0)) {
    std::fill(shares.begin(), shares.end(), 1.0);
    return;
  }
  const double count = static_cast<double>(shares.size());
  for (std::size_t i = 0; i < shares.size(); ++i) shares[i] = kBound + (1 - kBound) * count * seen[i] / sum;
}

const Split& zigzag_split() {
  static const ZigzagSplit instance;
  return instance;
}

}  // namespace brim::kv
