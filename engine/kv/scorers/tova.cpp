// TOVA (arXiv 2401.06104): the newest query decides; the entry with the smallest attention from it is evicted. Heads
// decide together.
#include <algorithm>

#include "engine/kv/policies.hpp"

namespace brim::kv {
namespace {

class NewestQueryRule : public Rule {
 public:
  std::string_view name() const override { return "tova"; }
  Needs needs() const override {
    Needs needs;
    needs.attention_queries = 1;
    needs.attention_kept = 0;
    return needs;
  }
  void score(const Entries& entries, std::span<float> scores) const noexcept override {
    std::copy(entries.accumulated.begin(), entries.accumulated.end(), scores.begin());
  }
};

}  // namespace

const Rule& tova_rule() {
  static const NewestQueryRule instance;
  return instance;
}

}  // namespace brim::kv
