// CAKE (arXiv 2503.12491): a layer's preference is P = H^(1/τ₁) · V^(1/τ₂), where H is the entropy of its attention
// over the entries and V measures how much each entry's attention changes from query to query; B_l ∝ P_l. The statistic
// is P itself, measured on the last queries of a chunk with τ₁ = τ₂ = 1 and smoothed; the paper works layer by layer
// during one prefill.
#include <algorithm>

#include "engine/kv/budget.hpp"

namespace brim::research {
namespace {

class CakeSplit : public kv::Split {
 public:
  std::string_view name() const override { return "cake"; }
  kv::Needs needs() const override {
    kv::Needs needs;
    needs.statistic = kv::LayerStatistic::dispersion;
    return needs;
  }

  void shares(const kv::SplitCase& given, std::span<double> shares) const override {
    if (given.seen.size() == shares.size()) {
      std::copy(given.seen.begin(), given.seen.end(), shares.begin());
    } else {
      std::fill(shares.begin(), shares.end(), 1.0);
    }
  }
};

}  // namespace

const kv::Split& cake_split() {
  static const CakeSplit instance;
  return instance;
}

}  // namespace brim::research
