// See suite.hpp.
#include "research/kv_suite/suite.hpp"

#include <algorithm>
#include <limits>

#include "research/kv_suite/one_shot.hpp"

namespace brim::apps {
namespace {

constexpr int kScoringThreads = 1;  // it measures the engine's time: no OpenMP runtime beside it

class Suite {
 public:
  Suite(std::shared_ptr<const model::Model> model, const SuiteRequest& request, const Progress& progress)
      : model_(std::move(model)), request_(request), progress_(progress) {}

  Result<std::vector<Outcome>> run() {
    BRIM_TRY(prepare());
    for (std::size_t w = 0; w < request_.windows.size(); ++w) {
      BRIM_TRY(run_window(request_.windows[w]));
    }
    for (Outcome& outcome : outcomes_) {
      if (outcome.skipped.empty()) finish(outcome);
    }
    if (!request_.recall.empty()) BRIM_TRY(run_recall());
    return std::move(outcomes_);
  }

 private:
  run::SequenceOptions options_of(const Outcome& outcome, std::uint64_t seed) const {
    run::SequenceOptions options = request_.sequence;
    options.split = outcome.arm.split;
    options.keep = outcome.arm.keep;
    options.type = outcome.arm.type;
    options.split_seed = seed;
    options.heads = outcome.arm.heads_apart ? kv::HeadSelection::apart : kv::HeadSelection::together;
    options.budget = {};
    const bool whole = outcome.arm.full || outcome.arm.reads_sparsely;
    options.budget.kind = whole ? kv::BudgetRequest::Kind::full : kv::BudgetRequest::Kind::bytes;
    if (outcome.arm.reads_sparsely) options.reading = {true, outcome.ratio, outcome.arm.cutting};
    options.budget.bytes = outcome.budget_bytes;
    return options;
  }

  /// All outcomes, still without numbers, and the chunk sizes that they are processed in.
  Status prepare() {
    const Arm& full = request_.arms.front();
    Outcome whole;
    whole.arm = full;
    BRIM_ASSIGN(const run::MemoryPlan plan, run::plan_memory(model_->config(), model_->table(), options_of(whole, 0)));
    whole.budget_bytes = plan.kv.budget_bytes;
    outcomes_.push_back(whole);
    const auto prefix = static_cast<std::int64_t>(request_.windows.front().prefix);
    for (const double ratio : request_.ratios) {
      const std::size_t first = outcomes_.size();
      const auto context = static_cast<double>(request_.sequence.context);
      std::int64_t chunk = reading_chunk(prefix, static_cast<std::int64_t>(context * ratio));
      for (const Arm& arm : request_.arms) {
        if (arm.full) continue;
        Outcome outcome;
        outcome.arm = arm;
        outcome.ratio = ratio;
        outcome.budget_bytes = static_cast<std::int64_t>(ratio * static_cast<double>(whole.budget_bytes));
        if (arm.needs_profile && !request_.sequence.profile) {
          outcome.skipped = "needs a profile (--kv-profile)";
        } else if (const auto own = run::plan_memory(model_->config(), model_->table(), options_of(outcome, 0)); !own) {
          outcome.skipped = own.error().sentence;
        } else if (const Status measurable = can_measure(outcome); !measurable) {
          outcome.skipped = measurable.error().sentence;
        } else {
          if (arm.reads_sparsely) outcome.budget_bytes = own->kv.budget_bytes;
          chunk = std::min<std::int64_t>(chunk, own->kv.chunk);
          total_ += static_cast<long long>(arm.seeds.size() * (request_.windows.size() + request_.recall.size()));
        }
        outcomes_.push_back(std::move(outcome));
      }
      for (std::size_t i = first; i < outcomes_.size(); ++i) outcomes_[i].chunk = chunk;
      outcomes_.front().chunk = chunk;  // the whole cache prunes nothing: any chunk size works
    }
    total_ += static_cast<long long>(request_.windows.size() + request_.recall.size());
    return {};
  }

  /// Whether the layers can be measured first, where the arm does that.
  Status can_measure(const Outcome& outcome) const {
    if (!outcome.arm.measures_first) return {};
    std::size_t longest = 0;
    for (const Window& window : request_.windows) longest = std::max(longest, window.prefix);
    for (const RecallDocument& document : request_.recall) longest = std::max(longest, document.ids.size());
    return check_measurable(*model_, options_of(outcome, 0), static_cast<std::int64_t>(longest));
  }

  /// A sequence for an arm, `prompt` being what it will read first: some arms' quotas depend on it. Valid until the
  /// next call.
  Result<std::unique_ptr<run::Sequence>> sequence_of(const Outcome& outcome, std::uint64_t seed,
                                                     std::span<const std::int32_t> prompt) {
    run::SequenceOptions options = options_of(outcome, seed);
    if (outcome.arm.measures_first) {
      BRIM_ASSIGN(std::vector<double> measured, measure_layers(model_, options, prompt, keep_going()));
      measured_ = std::make_unique<MeasuredSplit>(*outcome.arm.split, std::move(measured));
      options.split = measured_.get();
    }
    return run::Sequence::create(model_, options);
  }

  bool step(long long more) {
    done_ += more;
    return !progress_ || progress_(done_, total_);
  }
  KeepGoing keep_going() {
    return [this] { return step(0); };
  }

  Status run_window(const Window& window) {
    BRIM_ASSIGN(const auto whole, sequence_of(outcomes_.front(), 0, {}));
    BRIM_ASSIGN(const Reference reference,
                measure_reference(*whole, window, outcomes_.front().chunk, kScoringThreads, keep_going()));
    for (Outcome& outcome : outcomes_) {
      if (!outcome.skipped.empty()) continue;
      BRIM_TRY(run_arm(window, reference, outcome));
    }
    return {};
  }

  Status run_arm(const Window& window, const Reference& reference, Outcome& outcome) {
    const std::size_t count = reference.nll.size(), seeds = outcome.arm.seeds.size();
    std::vector<double> kl(count, 0), increase(count, 0), top(count, 0);
    outcome.kl_by_seed.resize(seeds, 0);
    for (std::size_t s = 0; s < seeds; ++s) {
      const auto prefix = std::span(window.ids).first(window.prefix);
      BRIM_ASSIGN(const auto sequence, sequence_of(outcome, outcome.arm.seeds[s], prefix));
      note_quotas(*sequence, outcome, s == 0);
      BRIM_ASSIGN(const Scores scores,
                  measure_continuation(*sequence, window, outcome.chunk, kScoringThreads, reference, keep_going()));
      note_quotas(*sequence, outcome, s == 0);
      for (std::size_t i = 0; i < count; ++i) {
        kl[i] += scores.kl[i] / static_cast<double>(seeds);
        increase[i] += (scores.nll[i] - reference.nll[i]) / static_cast<double>(seeds);
        top[i] += static_cast<double>(scores.top[i]) / static_cast<double>(seeds);
        outcome.kl_by_seed[s] += scores.kl[i];
      }
      outcome.peak_bytes = std::max(outcome.peak_bytes, sequence->cache().bytes_peak());
      outcome.tokens += static_cast<double>(window.ids.size() - 1);
      outcome.seconds += scores.seconds;
      if (!step(1)) return error(ErrorCode::cancelled, "measuring was stopped");
    }
    outcome.kl.push_back(std::move(kl));
    outcome.nll_increase.push_back(std::move(increase));
    outcome.same_top.push_back(std::move(top));
    outcome.window_texts.push_back(window.text);
    return {};
  }

  static void note_quotas(const run::Sequence& sequence, Outcome& outcome, bool first_seed) {
    std::vector<std::int64_t> quota;
    std::vector<kernels::KvTypes> types;
    outcome.footprint += sentence(outcome.arm.keep->name(), outcome.arm.heads_apart ? " by head:" : ":");
    for (const kv::LayerId layer : kv::ids_up_to<kv::LayerId>(sequence.model().config().layers.size())) {
      const kv::Shape& shape = sequence.cache().plan().shape;
      quota.push_back(kv::layer_stats(sequence.cache(), layer).quota);
      const auto streams = kv::streams_of(shape, layer);
      types.push_back(streams.size() > 0 ? shape.at(streams.front()).types : kernels::KvTypes());
      outcome.footprint += sentence(" ", quota.back(), " ", kernels::kv_types_name(types.back()));
    }
    if (outcome.arm.reads_sparsely) outcome.footprint += sentence(" read as ", static_cast<int>(outcome.arm.cutting));
    if (!first_seed) return;
    outcome.quota = std::move(quota);
    outcome.types = std::move(types);
    outcome.stored = kv::stored_as(sequence.cache().plan().shape);
  }

  static void finish(Outcome& outcome) {
    double positions = 0;
    for (const std::vector<double>& window : outcome.kl) positions += static_cast<double>(window.size());
    for (double& kl : outcome.kl_by_seed) kl /= std::max(positions, 1.0);
  }

  Status run_recall() {
    for (Outcome& outcome : outcomes_) {
      if (!outcome.skipped.empty()) continue;
      for (const RecallDocument& document : request_.recall) BRIM_TRY(ask(document, outcome));
    }
    return {};
  }

  Status ask(const RecallDocument& document, Outcome& outcome) {
    std::vector<double> found(document.questions.size(), 0);
    for (const std::uint64_t seed : outcome.arm.seeds) {
      BRIM_ASSIGN(const auto sequence, sequence_of(outcome, seed, document.ids));
      BRIM_ASSIGN(const std::vector<double> shares,
                  measure_recall(*sequence, document, outcome.chunk, keep_going(), outcome.arm.replays));
      const auto seeds = static_cast<double>(outcome.arm.seeds.size());
      for (std::size_t i = 0; i < found.size(); ++i) found[i] += shares[i] / seeds;
      outcome.rebases += static_cast<double>(sequence->cache().rebased()) / seeds;
      if (!step(1)) return error(ErrorCode::cancelled, "measuring was stopped");
    }
    for (std::size_t i = 0; i < found.size(); ++i)
      outcome.recall_by_kind[document.questions[i].kind].push_back({found[i]});
    outcome.recall.push_back(std::move(found));
    outcome.document_texts.push_back(document.text);
    return {};
  }

  std::shared_ptr<const model::Model> model_;
  const SuiteRequest& request_;
  const Progress& progress_;
  std::vector<Outcome> outcomes_;
  std::unique_ptr<MeasuredSplit> measured_;  ///< the newest sequence's split, where its arm measures first
  long long done_ = 0, total_ = 0;
};

}  // namespace

Result<std::vector<Outcome>> run_suite(const std::shared_ptr<const model::Model>& model, const SuiteRequest& request,
                                       const Progress& progress) {
  return Suite(model, request, progress).run();
}

}  // namespace brim::apps
