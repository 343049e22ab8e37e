// The memory that a sequence books, computed before anything is booked: from a model's configuration and the options to
// bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/log.hpp"
#include "engine/base/result.hpp"
#include "engine/kv/heads.hpp"
#include "engine/kv/plan.hpp"
#include "engine/kv/pool.hpp"
#include "engine/kv/profile.hpp"
#include "engine/model/config.hpp"
#include "engine/model/profile_file.hpp"
#include "engine/run/pieces.hpp"
#include "engine/run/speculation.hpp"
#include "kernels/table.hpp"

namespace brim::run {

class Executor;

struct SequenceOptions {
  std::int64_t context = 0;  ///< max number of positions; 0: the trained context
  kv::BudgetRequest budget;
  /// The size of an automatic budget in bytes; 0: a quarter of the memory that is available.
  std::int64_t automatic_bytes = 0;
  /// The pool that the budget is booked from; null: only the machine's memory.
  std::shared_ptr<kv::Pool> pool;
  kernels::KvTypes type;
  const kv::Split* split = nullptr;             ///< null: one is chosen (kv::kChosenSplit)
  const kv::Rule* keep = &kv::distinct_rule();  ///< never null
  std::string profile_path;  ///< of brim calibrate; empty: the one that the model carries, if it does
  std::string profile_text;  ///< the profile itself (JSON), in place of a path; empty: not given
  /// The profile that plan_memory uses. Sequence::create finds it itself (choose_profile); a caller that only plans
  /// passes it.
  std::shared_ptr<const kv::Profile> profile;
  std::string scores_path;  ///< of brim calibrate --keep-scores; empty: the scores that the model carries, if it does
  /// The learned scores that plan_memory uses. Sequence::create finds them itself (choose_scores); a caller that only
  /// plans passes them. Null: none.
  std::shared_ptr<const kv::LearnedScores> scores;
  std::uint64_t split_seed = 0;  ///< for splits that choose at random
  /// Entries for each layer instead of a budget and a split, and the max number of tokens processed at a time: for
  /// measurements. No option of a session sets this. Empty: none.
  std::vector<std::int64_t> quotas;
  /// In addition to quotas: how each layer is stored. Empty: as `type` says.
  std::vector<kernels::KvTypes> layer_types;
  int chunk = 0;
  /// Max number of tokens processed at a time where the budget holds less than the whole context: what is evicted
  /// depends on where chunks end, so they cannot be cut shorter later. 0: as the plan chooses.
  int prefill_chunk = 0;
  kv::Reading reading;
  /// Max number of checkpoints of layers' states; kv::kAutomaticCheckpoints: as many as the budget allows.
  int checkpoints = kv::kAutomaticCheckpoints;
  kv::HeadSelection heads = kv::HeadSelection::together;
  /// The number of threads that the plan counts scratch for. The threads that really work are the executor's.
  int threads = 1;
  /// The executor whose turns the sequence uses, shared with other sequences of the model; null: one of its own, with
  /// `threads`.
  std::shared_ptr<Executor> executor;
  SpeculationOptions speculation;
  /// Called while memory is prepared, with the bytes done and the total (prepared_bytes); returning false ends the
  /// preparation with cancelled. Used only for the creation.
  Progress preparing;
};

/// What a sequence would book, before anything is allocated.
struct MemoryPlan {
  kv::Plan kv;
  std::int64_t workspace_bytes = 0;  ///< activations and scores: once for all sequences of an executor
  std::int64_t logit_bytes = 0;      ///< logits after the newest tokens, and what they are computed from
  std::int64_t history_bytes = 0;    ///< token ids and their roles, for processing the text again
  std::int64_t speculation_bytes = 0;
  std::int64_t sampling_bytes = 0;   ///< for picking a token: once for all sequences of an executor
  std::int64_t heap_bytes = 0;       ///< outside the arena: a session's text at max length (conversation.hpp)
  std::int64_t automatic_bytes = 0;  ///< the size that an automatic budget was derived from
  std::int64_t tokens_together = 1;  ///< max tokens of a pass that verifies drafts; 1: nothing is drafted
  std::int64_t block = 0;            ///< tokens of a block of the model's recurrences; 0: it has none
  /// How a text is cut into the chunks of passes.
  Pieces::Sizes pieces() const { return {kv.chunk, block}; }
  std::int64_t arena_bytes() const { return kv.budget_bytes + logit_bytes + history_bytes + speculation_bytes; }
  std::size_t arena_size() const;  ///< the same, including the padding that aligns its ranges
  std::int64_t outside_budget_bytes() const { return total() - kv.budget_bytes; }
  std::int64_t total() const { return arena_bytes() + workspace_bytes + sampling_bytes + heap_bytes; }
  /// The bytes that Sequence::create prepares, in whole pages: the total that SequenceOptions::preparing is called
  /// with.
  long long prepared_bytes() const;
};
/// Sets options.profile to the one that is given by text or path, or else to `carried`. Where that cannot be used, and
/// the requested split needs a profile, the default split is used; the result's notice says both. Errors: io and
/// bad_file for a path that cannot be read, or a text that is not a profile of this model.
Result<model::FoundProfile> choose_profile(const model::ProfileOwner& owner, const model::FoundProfile& carried,
                                           SequenceOptions& options);

/// Errors: invalid_argument, or out_of_memory when the budget is below the floors.
Result<MemoryPlan> plan_memory(const model::Config& config, const kernels::Table& table,
                               const SequenceOptions& options);

}  // namespace brim::run
