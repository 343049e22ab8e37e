// Heavy hitters (H2O, arXiv 2306.14048): the attention an entry has received from every query so far, summed over heads.
// Old entries have had more queries to collect from; the sum keeps only 1 − 1/4096 of itself with each query, so that what
// mattered long ago can be forgotten (our choice), and the newest stay because the cache forces them to. Every query's
// attention is computed a second time for it: in prefill that costs about as much as attention itself.
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
