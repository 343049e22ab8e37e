// Controls of DynSplit-KV (arXiv 2602.03184): blocks that are kept or evicted as by the product's `dynsplit`, but cut
// every 32 tokens, or at delimiters by their kind alone. Rigid and fixed delimiters are what the paper compares its
// learned ones with; the numbers are ours.
#include "engine/kv/policies.hpp"

namespace brim::research {
namespace {

class BlocksRule : public kv::Rule {
 public:
  BlocksRule(std::string_view name, kv::Cutting cutting) : name_(name), cutting_(cutting) {}
  std::string_view name() const override { return name_; }
  kv::Needs needs() const override {
    kv::Needs needs = kv::dynsplit_rule().needs();
    needs.cutting = cutting_;
    return needs;
  }
  void score(const kv::Entries& entries, std::span<float> scores) const noexcept override {
    kv::dynsplit_rule().score(entries, scores);
  }

 private:
  std::string_view name_;
  kv::Cutting cutting_;
};

}  // namespace

const kv::Rule& blocks_fixed_rule() {
  static const BlocksRule instance("blocks-fixed32", kv::Cutting::fixed);
  return instance;
}

const kv::Rule& blocks_priors_rule() {
  static const BlocksRule instance("blocks-priors", kv::Cutting::priors);
  return instance;
}

}  // namespace brim::research
