// SnapKV (arXiv 2404.14469): the entries that the last 32 queries attend to are those that the answer will attend to;
// their attention is pooled over seven neighbours, so that an entry is kept together with its surroundings. In
// decoding, where queries come one by one, the sum is multiplied by 1 − 1/32 with each query (ours: the paper selects
// once, after the prompt).
#include <algorithm>

#include "engine/kv/policies.hpp"

namespace brim::kv {
namespace {

class WindowQueriesRule : public Rule {
 public:
  std::string_view name() const override { return "snapkv"; }
  Needs needs() const override {
    Needs needs;
    needs.attention_queries = kQueries;
    needs.attention_kept = 1 - 1.0f / kQueries;
    return needs;
  }
  void score(const Entries& entries, std::span<float> scores) const noexcept override {
    constexpr std::size_t kReach = 3;  // to either side
    const std::size_t count = entries.accumulated.size();
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t first = i < kReach ? 0 : i - kReach, end = std::min(i + kReach + 1, count);
      float sum = 0;
      for (std::size_t j = first; j < end; ++j) sum += entries.accumulated[j];
      scores[i] = sum / static_cast<float>(end - first);
    }
  }

 private:
  static constexpr int kQueries = 32;
};

}  // namespace

const Rule& snapkv_rule() {
  static const WindowQueriesRule instance;
  return instance;
}

}  // namespace brim::kv
