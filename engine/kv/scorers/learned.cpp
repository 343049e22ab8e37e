// Learned scores (after KVzap, arXiv 2601.07891, and Fast KVzip, arXiv 2601.17668): the entries that a replay of the
// text is expected to attend to, which is predicted from attention's input when an entry is processed. Ours: half of a
// quota are the newest entries; a layer whose scores predict too little, or that has none, is left to `distinct`
// (Plan::rule_of). Needs no attention: four bytes per entry.
#include "engine/kv/policies.hpp"
#include "engine/kv/scorers/newest_then_measure.hpp"

namespace brim::kv {
namespace {

class LearnedScoresRule : public Rule {
 public:
  std::string_view name() const override { return "learned"; }
  Needs needs() const override {
    Needs needs;
    needs.measure = EntryMeasure::learned;
    return needs;
  }
  void score(const Entries& entries, std::span<float> scores) const noexcept override {
    score_newest_then_measure(entries, static_cast<std::size_t>(entries.quota) / 2, scores);
  }
};

}  // namespace

const Rule& learned_rule() {
  static const LearnedScoresRule instance;
  return instance;
}

}  // namespace brim::kv
