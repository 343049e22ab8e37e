// The control of `depth`: the same shares of entries, assigned to the layers at random. A split that does not beat it
// has no knowledge about individual layers, only about the fact that their shares may differ.
#include <algorithm>
#include <vector>

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
    for (std::size_t i = shares.size(); i > 1; --i) std::swap(shares[i - 1], shares[next(state) % i]);
  }

 private:
  /// SplitMix64 (Steele, Lea, Flood 2014).
  static std::uint64_t next(std::uint64_t& state) {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
};

}  // namespace

const kv::Split& shuffled_split() {
  static const ShuffledSplit instance;
  return instance;
}

}  // namespace brim::research
