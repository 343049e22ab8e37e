// The control of `depth`: the same shares of entries, assigned to the layers at random. A split that does not beat it
// has no knowledge about individual layers, only about the fact that their shares may differ.
#include <algorithm>
#include <vector>

#include "engine/base/splitmix64.hpp"
#include "engine/kv/budgets/curves.hpp"

namespace brim::research {
namespace {

class ShuffledSplit : public kv::Split {
 public:
  std::string_view name() const override { return "shuffled"; }
  bool needs_profile() const override { return true; }
  void shares(const kv::SplitCase& given, std::span<double> shares) const override {
    const std::vector<double> entries = kv::entries_by_gain(given);
    std::copy(entries.begin(), entries.end(), shares.begin());
    std::uint64_t state = given.seed;
    for (std::size_t i = shares.size(); i > 1; --i) std::swap(shares[i - 1], shares[splitmix64(state) % i]);
  }
};

}  // namespace

const kv::Split& shuffled_split() {
  static const ShuffledSplit instance;
  return instance;
}

}  // namespace brim::research
