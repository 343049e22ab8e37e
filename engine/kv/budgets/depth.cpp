// DepthKV (arXiv 2604.24647), driven by calibration: D_l(r), the loss when layer l alone keeps the fraction r of its
// entries. Each curve is made convex, and bytes go where one byte reduces the loss most. The paper splits by one number
// per layer; using whole curves is ours. Fractions refer to what a layer could use at this context.
#include <algorithm>

#include "engine/kv/budgets/curves.hpp"
#include "engine/kv/policies.hpp"

namespace brim::kv {
namespace {

class DepthSplit : public Split {
 public:
  std::string_view name() const override { return "depth"; }
  bool needs_profile() const override { return true; }
  void shares(const SplitCase& given, std::span<double> shares) const override {
    const std::vector<double> entries = entries_by_gain(given);
    std::copy(entries.begin(), entries.end(), shares.begin());
  }
};

}  // namespace

const Split& depth_split() {
  static const DepthSplit instance;
  return instance;
}

}  // namespace brim::kv
