// Keys with a small norm draw attention (A simple and effective L2 norm-based strategy, arXiv 2406.11430): the smaller the
// norm, the longer the entry stays. Needs no attention at all; four bytes an entry.
#include "engine/kv/scorer.hpp"

namespace brim::kv {
namespace {

class KeyNormRule : public Rule {
 public:
  Needs needs() const override {
    Needs needs;
    needs.norm = EntryNorm::key;
    return needs;
  }
  void score(const Entries& entries, std::span<float> scores) const noexcept override {
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = -entries.norm[i];
  }
};

}  // namespace

const Rule& key_norm_rule() {
  static const KeyNormRule instance;
  return instance;
}

}  // namespace brim::kv
