// Quotas that are measured once over a whole prompt, as ZigZagKV (arXiv 2412.09036) and others have it: nothing is
// evicted while the layers are measured, and then every layer gets its share, which does not move. The product's splits
// of the same names measure while they evict (docs/decisions/0011-quotas-that-move.md); here both can be compared.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/kv/budget.hpp"
#include "engine/run/sequence.hpp"
#include "research/kv_suite/continuation.hpp"

namespace brim::apps {

/// A split whose layers were measured before. Borrows the split that computes the shares.
class MeasuredSplit : public kv::Split {
 public:
  MeasuredSplit(const kv::Split& split, std::vector<double> measured) : split_(split), measured_(std::move(measured)) {}
  std::string_view name() const override { return split_.name(); }
  bool needs_profile() const override { return split_.needs_profile(); }
  void shares(const kv::SplitCase& given, std::span<double> shares) const override {
    split_.shares({given.layers, given.bytes, given.profile, given.seed, measured_}, shares);
  }

 private:
  const kv::Split& split_;
  std::vector<double> measured_;
};

/// `options.split` is one that measures layers. Whether prompts of up to `tokens` tokens can be measured. Errors: those of planning; invalid_argument where chunks
/// would be shorter than the tokens that layers are measured by.
Status check_measurable(const model::Model& model, const run::SequenceOptions& options, std::int64_t tokens);

/// The statistic of options.split for each stream, by the last kStatisticQueries tokens of the prompt, with all entries
/// kept. Where a model's rotary factors depend on the context, they are those of a context twice as long. Errors: those
/// of check_measurable and of prefill; cancelled.
Result<std::vector<double>> measure_layers(const std::shared_ptr<const model::Model>& model,
                                           const run::SequenceOptions& options, std::span<const std::int32_t> prompt,
                                           const KeepGoing& keep_going);

}  // namespace brim::apps
