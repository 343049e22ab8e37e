// ZigZagKV's other measure (arXiv 2412.09036): layers get more where their heads need many entries to preserve their
// output (LMBO). The product's `zigzag` uses the entries needed to preserve their attention (LMBA) instead.
#include "engine/kv/budget.hpp"
#include "engine/kv/budgets/zigzag.hpp"

namespace brim::research {
namespace {

class ZigzagOutputSplit : public kv::Split {
 public:
  std::string_view name() const override { return "zigzag-lmbo"; }
  kv::Needs needs() const override {
    kv::Needs needs;
    needs.statistic = kv::LayerStatistic::output_budget;
    return needs;
  }
  void shares(const kv::SplitCase& given, std::span<double> shares) const override {
    kv::shares_by_uncertainty(given.seen, shares);
  }
};

}  // namespace

const kv::Split& zigzag_lmbo_split() {
  static const ZigzagOutputSplit instance;
  return instance;
}

}  // namespace brim::research
