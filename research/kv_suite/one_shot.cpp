// See one_shot.hpp.
#include "research/kv_suite/one_shot.hpp"

#include <algorithm>

namespace brim::apps {
namespace {

/// Requests the statistic of another split and gives all layers the same, so that nothing moves and nothing is evicted.
class Probe : public kv::Split {
 public:
  explicit Probe(const kv::Split& split) : split_(split) {}
  std::string_view name() const override { return split_.name(); }
  kv::Needs needs() const override { return split_.needs(); }
  void shares(const kv::SplitCase&, std::span<double> shares) const override {
    std::fill(shares.begin(), shares.end(), 1.0);
  }

 private:
  const kv::Split& split_;
};

/// A cache in which a prompt of so many tokens fits, and layers are measured all the same: it has room for twice as many,
/// less a little, and what cannot hold its whole context is measured.
run::SequenceOptions measuring(run::SequenceOptions options, std::int64_t tokens, const Probe& probe) {
  options.context = std::max(options.context, 2 * std::max<std::int64_t>(tokens, 2 * kv::kStatisticQueries));
  options.budget = {};
  options.budget.kind = kv::BudgetRequest::Kind::percent;
  options.budget.percent = 90;
  options.split = &probe;
  options.keep = &kv::window_rule();  // nothing is evicted
  return options;
}

Status check_chunk(std::int64_t chunk, std::int64_t tokens) {
  if (chunk >= kv::kStatisticQueries) return {};
  return error(ErrorCode::invalid_argument, "layers are measured by chunks of at least ", kv::kStatisticQueries,
               " tokens, but a cache for ", tokens, " tokens has chunks of ", chunk);
}

}  // namespace

Status check_measurable(const model::Model& model, const run::SequenceOptions& options, std::int64_t tokens) {
  const Probe probe(*options.split);
  BRIM_ASSIGN(const run::MemoryPlan plan,
              run::plan_memory(model.config(), model.table(), measuring(options, tokens, probe)));
  return check_chunk(plan.kv.chunk, tokens);
}

Result<std::vector<double>> measure_layers(const std::shared_ptr<const model::Model>& model,
                                           const run::SequenceOptions& options, std::span<const std::int32_t> prompt,
                                           const KeepGoing& keep_going) {
  const auto tokens = static_cast<std::int64_t>(prompt.size());
  const Probe probe(*options.split);
  BRIM_ASSIGN(const auto sequence, run::Sequence::create(model, measuring(options, tokens, probe)));
  BRIM_TRY(check_chunk(sequence->cache().plan().chunk, tokens));
  const Progress progress = [&](long long, long long) { return keep_going(); };
  // The last chunk measures, and sees everything before it.
  const std::size_t last = std::min<std::size_t>(prompt.size(), kv::kStatisticQueries);
  if (last < prompt.size()) BRIM_TRY(sequence->read(prompt.first(prompt.size() - last), progress, nullptr));
  BRIM_TRY(sequence->read(prompt.last(last), progress, nullptr));
  if (sequence->cache().evicted() > 0) {
    return error(ErrorCode::internal, "a cache for ", tokens, " tokens had to evict some while layers were measured");
  }
  const std::span<const double> measured = sequence->cache().measured();
  return std::vector<double>(measured.begin(), measured.end());
}

}  // namespace brim::apps
