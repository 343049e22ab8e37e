// Distinct keys (after KeyDiff, arXiv 2504.15364): what comes up again and again in a text is kept once, what is unlike
// the rest stays, whatever is asked later. Ours: a key is compared once, when it is processed, with the sum of the
// directions of the keys so far, before rotation; and three quarters of a quota are the newest entries, so that the
// newest text stays nearly as long as `window` keeps it. Needs no attention: four bytes per entry, and the anchors
// (anchors.hpp).
#include "engine/kv/policies.hpp"
#include "engine/kv/scorers/newest_then_measure.hpp"

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
    score_newest_then_measure(entries, static_cast<std::size_t>(entries.quota) * kNewest / kOf, scores);
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
