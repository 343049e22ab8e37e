// Semantic blocks (DynSplit-KV, arXiv 2602.03184): what belongs together is kept together. An entry's score is the mean
// score of the entries of its block, so that whole blocks are evicted. Ties make the last of these blocks lose only its
// oldest entries, so quotas are met exactly. The score of a single entry is the attention of the last 32 queries, as
// with SnapKV (ours). Sinks are kept anyway and do not count for their block.
#include <algorithm>

#include "engine/kv/policies.hpp"

namespace brim::kv {
namespace {

class SemanticBlocksRule : public Rule {
 public:
  std::string_view name() const override { return "dynsplit"; }
  Needs needs() const override {
    Needs needs;
    needs.attention_queries = kQueries;
    needs.attention_kept = 1 - 1.0f / kQueries;
    needs.blocks = true;
    return needs;
  }
  void score(const Entries& entries, std::span<float> scores) const noexcept override {
    std::size_t entry = 0;
    for (const Block& block : entries.blocks) {
      const std::size_t end = std::min(entry + static_cast<std::size_t>(block.length), scores.size());
      const std::size_t first = std::clamp(static_cast<std::size_t>(entries.sinks), entry, end);
      float sum = 0;
      for (std::size_t i = first; i < end; ++i) sum += entries.accumulated[i];
      const float mean = first < end ? sum / static_cast<float>(end - first) : 0;
      for (; entry < end; ++entry) scores[entry] = mean;
    }
  }

 private:
  static constexpr int kQueries = 32;
};

}  // namespace

const Rule& dynsplit_rule() {
  static const SemanticBlocksRule instance;
  return instance;
}

}  // namespace brim::kv
