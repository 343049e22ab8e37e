// Attention times the value it brings (VATP, arXiv 2406.12335): a heavily attended entry whose value is almost nothing — a
// sink — adds little to the output. Any rule that scores by attention, multiplied by ‖v‖₁.
#include "engine/kv/scorer.hpp"

namespace brim::kv {

const Rule& heavy_hitter_rule();
const Rule& window_queries_rule();

namespace {

class ValueWeightedRule : public Rule {
 public:
  explicit ValueWeightedRule(const Rule& attention) : attention_(attention) {}

  Needs needs() const override {
    Needs needs = attention_.needs();
    needs.norm = EntryNorm::value;
    return needs;
  }
  void score(const Entries& entries, std::span<float> scores) const noexcept override {
    attention_.score(entries, scores);
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] *= entries.norm[i];
  }

 private:
  const Rule& attention_;
};

}  // namespace

const Rule& valued_heavy_hitter_rule() {
  static const ValueWeightedRule instance(heavy_hitter_rule());
  return instance;
}

const Rule& valued_window_queries_rule() {
  static const ValueWeightedRule instance(window_queries_rule());
  return instance;
}

}  // namespace brim::kv
