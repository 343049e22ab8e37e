// Keys with a small norm attract attention (A simple and effective L2 norm-based strategy, arXiv 2406.11430): the
// smaller the norm, the longer the entry is kept. Needs no attention at all; four bytes per entry.
#include "engine/kv/scorer.hpp"

namespace brim::research {
namespace {

class KeyNormRule : public kv::Rule {
 public:
  std::string_view name() const override { return "knorm"; }
  kv::Needs needs() const override {
    kv::Needs needs;
    needs.measure = kv::EntryMeasure::key_norm;
    return needs;
  }
  void score(const kv::Entries& entries, std::span<float> scores) const noexcept override {
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = -entries.measure[i];
  }
};

}  // namespace

const kv::Rule& knorm_rule() {
  static const KeyNormRule instance;
  return instance;
}

}  // namespace brim::research
