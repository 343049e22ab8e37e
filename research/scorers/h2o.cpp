// Heavy hitters (H2O, arXiv 2306.14048): the attention that an entry has received from every query so far, summed over
// heads. Old entries have collected attention from more queries; with each query the sum keeps only 1 − 1/4096 of its
// value, so that entries that mattered only earlier can be evicted (our choice). The newest entries are kept because
// the cache forces this. Every query's attention is computed a second time for this rule: in prefill that costs about
// as much as attention itself.
#include <algorithm>

#include "engine/kv/scorer.hpp"

namespace brim::research {
namespace {

class HeavyHitterRule : public kv::Rule {
 public:
  std::string_view name() const override { return "h2o"; }
  kv::Needs needs() const override {
    kv::Needs needs;
    needs.attention_queries = kv::kAllQueries;
    needs.attention_kept = 1 - 1.0f / 4096;
    return needs;
  }
  void score(const kv::Entries& entries, std::span<float> scores) const noexcept override {
    std::copy(entries.accumulated.begin(), entries.accumulated.end(), scores.begin());
  }
};

}  // namespace

const kv::Rule& h2o_rule() {
  static const HeavyHitterRule instance;
  return instance;
}

}  // namespace brim::research
