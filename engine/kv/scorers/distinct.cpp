// Distinct keys (after KeyDiff, arXiv 2504.15364): what comes up again and again in a text is kept once, what is unlike
// the rest stays, whatever is asked later. Ours: a key is compared once, when it is processed, with the sum of the
// directions of the keys so far, before rotation; and three quarters of a quota are the newest entries, so that the
// newest text stays nearly as long as `window` keeps it. Needs no attention: four bytes per entry, and the anchors
// (anchors.hpp).
#include <algorithm>
#include <limits>

#include "engine/kv/policies.hpp"

namespace brim::kv {
namespace {

class DistinctKeysRule : public Rule {
 public:
  std::string_view name() const override { return "distinct"; }
  Needs needs() const override {
    Needs needs;
    needs.measure = EntryMeasure::distinctness;
    return needs;
  }
  void score(const Entries& entries, std::span<float> scores) const noexcept override {
    const std::size_t newest = std::min(static_cast<std::size_t>(entries.quota) * kNewest / kOf, scores.size());
    const auto measured = scores.first(std::min(scores.size(), entries.measure.size()));
    std::copy_n(entries.measure.begin(), measured.size(), measured.begin());
    // Without measures, where everything fits, only the age counts.
    std::fill(scores.begin() + static_cast<std::ptrdiff_t>(measured.size()), scores.end(), 0.0f);
    std::fill(scores.end() - static_cast<std::ptrdiff_t>(newest), scores.end(), std::numeric_limits<float>::infinity());
  }

 private:
  static constexpr std::size_t kNewest = 3, kOf = 4;  // ρ
};

}  // namespace

const Rule& distinct_rule() {
  static const DistinctKeysRule instance;
  return instance;
}

}  // namespace brim::kv
