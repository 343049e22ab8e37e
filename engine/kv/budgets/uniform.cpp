// The same number of entries for every layer. Layers that cannot use as many (a sliding window) take what they can, and
// the others share the rest. The baseline that every other split must beat.
#include <algorithm>

#include "engine/kv/policies.hpp"

namespace brim::kv {
namespace {

class UniformSplit : public Split {
 public:
  std::string_view name() const override { return "uniform"; }
  void shares(const SplitCase&, std::span<double> shares) const override {
    std::fill(shares.begin(), shares.end(), 1.0);
  }
};

}  // namespace

const Split& uniform_split() {
  static const UniformSplit instance;
  return instance;
}

}  // namespace brim::kv
