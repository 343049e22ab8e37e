// Tokens in, logits out: one arena with everything that a sequence ever needs, except the executor that it shares: the
// KV memory, the history of ids for processing the text again, and what outlives a pass. No text and no sampling: those
// belong to Session.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/state.hpp"
#include "engine/kv/memory.hpp"
#include "engine/kv/policies.hpp"
#include "engine/kv/pool.hpp"
#include "engine/model/decoder.hpp"
#include "engine/model/model.hpp"
#include "engine/run/executor.hpp"
#include "engine/run/memory_plan.hpp"
#include "engine/run/pieces.hpp"
#include "engine/run/prompt_cuts.hpp"
#include "engine/run/speculation.hpp"
#include "platform/arena.hpp"

namespace brim::run {

/// Called after every chunk, while logits of all of its tokens can be computed, with the place of its first token in
/// the whole input. It runs during the executor's turn.
using ChunkObserver = std::function<void(std::int64_t first, model::Decoder& decoder)>;

/// One thread at a time. After create only the error paths allocate.
class Sequence {
 public:
  /// Books, reserves and touches everything. Errors: as plan_memory; out_of_memory with the numbers when the machine (or
  /// its cgroup, or an rlimit) or the pool has less; cancelled.
  static Result<std::unique_ptr<Sequence>> create(std::shared_ptr<const model::Model> model,
                                                  const SequenceOptions& options);
  ~Sequence() { executor_->leave(memory_.tokens_together); }
  /// The same in two steps: first what it will book, before anything is booked; then the creation from that.
  struct Planned {
    MemoryPlan memory;
    model::FoundProfile profile;
    SequenceOptions options;
  };
  static Result<Planned> plan(const model::Model& model, SequenceOptions options);
  static Result<std::unique_ptr<Sequence>> create(std::shared_ptr<const model::Model> model, Planned planned);

  /// An empty sequence with the same plan and executor, in its own memory. `options`: those that this sequence was
  /// created with. Errors: out_of_memory with the numbers.
  Result<std::unique_ptr<Sequence>> sibling(SequenceOptions options) const {
    options.executor = executor_;
    return create(model_, memory_, options);
  }
  /// Whether layers keep states that cannot be cut back, so that going back means processing tokens again.
  bool keeps_states() const { return !memory_.kv.shape.states.empty(); }
  /// Whether that is so because of states, or because entries slide out of windows: then checkpoints are of use.
  bool needs_checkpoints() const { return memory_.kv.shape.needs_checkpoints(); }
  /// Makes saving possible where drafts wait that have changed layers' states: what was accepted of them is processed
  /// again. Errors: cancelled.
  Status settle(const std::atomic<bool>* cancel);
  /// How often a text longer than one pass was processed again from its beginning, because no checkpoint was left.
  std::int64_t whole_readings() const { return whole_readings_; }

  /// The state, for saved sessions (sequence_state.cpp): cache, history, what logits are computed from, what
  /// speculation learned. The pieces stay valid until the next non-const call. Errors: wrong_state when prefill was
  /// interrupted and the tokens have to be processed again.
  Status save(StateWriter& state) const;
  /// Takes over the state of a sequence of the same model and plan. Errors: those of the state; then no token counts as
  /// processed.
  Status restore(StateReader& state);

  /// Processes ids in chunks, and lets the memory keep a checkpoint behind them. When `progress` or `cancel` stops it,
  /// the chunks processed so far are kept; what an interrupted chunk left stale is processed again at the next call,
  /// from the history.
  Status read(std::span<const TokenId> ids, const Progress& progress, const std::atomic<bool>* cancel,
              const ChunkObserver& observer = {});
  /// The same for a text that questions will be asked about (sequence_document.cpp). Where the budget evicts, and streams
  /// have room for several pieces, each piece is replayed after it was processed, and what the replay attends to is
  /// kept. Otherwise it is read().
  Status read_document(std::span<const TokenId> ids, const Progress& progress, const std::atomic<bool>* cancel);
  /// The tokens of a document that is part of the text: [first, end); empty without one.
  struct DocumentSpan {
    std::int64_t first = 0, end = 0;
  };
  DocumentSpan document() const { return document_; }
  /// In how many streams looks would decide what is kept of a document (kv/looks.hpp), and one sentence for where these
  /// are none although the budget evicts; otherwise empty.
  std::size_t looked_streams() const { return cache_->looked_streams(document_piece()); }
  std::string document_remark() const;
  /// Errors: invalid_argument where the budget evicts under a rule that keeps no score with each entry.
  Status check_document_rule() const;
  /// Replays ids, the newest ones of the text and at most a chunk, without making them part of the text: for
  /// measurements. Errors: those of a pass.
  Status look(std::span<const TokenId> ids, const std::atomic<bool>* cancel);
  /// Processes one more token of an answer. With speculation, tokens that may follow it are processed in the same pass;
  /// when the next call comes with the token that was drafted, there is nothing left to compute. Everything that can be
  /// queried (logits, history, cache) is bit for bit what processing token by token gives, whatever was drafted.
  /// `logits`: whether they will be requested, so that they are computed in the same turn. Where other callers wait for
  /// the executor, they share the pass (Executor::step).
  Status read_next(TokenId id, const std::atomic<bool>* cancel, bool logits = false);
  /// The same in steps, for sequences that share a pass. Returns what the pass has to process for `id`, with drafts up
  /// to `max` tokens, as many as pay beside `others` tokens of other sequences; or nothing, where `id` was a draft whose
  /// result is known already. The step is valid until end_next(). Errors: cancelled, by `cancel`, where the history has
  /// to be processed again first.
  Result<std::optional<model::SequenceStep>> begin_next(TokenId id, std::int64_t max, const std::atomic<bool>* cancel,
                                                        int others = 0);
  /// A pass processed the step in rows [first, first + count): it is now part of the past. `logits`: after each of
  /// those rows, if they are known.
  void end_next(const model::Decoder& decoder, std::int64_t first, std::int64_t count,
                std::span<const float> logits) noexcept;
  /// Computes those logits in the memory that they stay in, instead. Where `cancel` (may be null) has become true, they
  /// stay unknown; not for a step with drafts, whose rows have to be known.
  void compute_logits(model::Decoder& decoder, std::int64_t first, std::int64_t count,
                      const std::atomic<bool>* cancel) noexcept;
  /// No pass processed it.
  void give_up_next() noexcept {
    drop_drafts(false);
    again_ = 0;
  }
  /// Drops all but the first `count` tokens: exactly where the cache can, else by processing them again.
  Status rewind(std::int64_t count, const Progress& progress, const std::atomic<bool>* cancel);
  /// rewind(count), then read(ids), with one progress over both. Where token `count` was inside a block of a prompt, the
  /// block's tokens before it become part of the new prompt: bits are those of a text that was processed so at once.
  /// `marks`: places in the text at which the memory keeps checkpoints when they are processed, as far as it has room,
  /// in place of one behind the prompt. Blocks begin there whether it has room or not.
  Status read_from(std::int64_t count, std::span<const TokenId> ids, const Progress& progress,
                   const std::atomic<bool>* cancel, Marks marks = {});
  /// The same where it is exact at once; false, with nothing changed, where tokens would have to be processed again.
  bool truncate(std::int64_t count) noexcept;
  void clear() noexcept;

  /// For a prompt that is processed in pieces, in passes that other sequences may share (sequence_prompt.cpp). How many
  /// of the first `count` tokens can be kept without processing any of them again.
  std::int64_t keepable(std::int64_t count) const noexcept;
  /// Drops all but the first keepable(count) tokens; returns how many are left.
  std::int64_t keep(std::int64_t count) noexcept;
  /// Where `count` further tokens of a prompt may be cut.
  PromptCuts cuts(std::int64_t count) const noexcept;
  /// What a pass has to process for the next piece; `ids` must outlive the pass. `last`: the prompt ends with them.
  model::SequenceStep begin_piece(std::span<const TokenId> ids, bool last) noexcept;
  /// A pass processed the piece in the rows from `first` on: it is now part of the past. Where a pass could not, the
  /// sequence may be stale: keep() then drops everything.
  void end_piece(const model::Decoder& decoder, std::int64_t first, std::span<const TokenId> ids) noexcept;
  /// From now on end_piece() adds the state after each token, as embedding() would be there, to `sums`: as many values as
  /// the model is wide, which stay where they are until this is called again; empty: it adds nothing.
  void sum_states(std::span<double> sums) noexcept { state_sums_ = sums; }
  /// The last piece was processed: a later prompt can continue here.
  void end_prompt() noexcept { cache_->keep_checkpoint(); }

  /// Calls `observer` with attention's output in every layer of every chunk from now on; an empty one ends that.
  void observe_attention(model::AttentionObserver observer) { observer_ = std::move(observer); }
  /// The same with attention's input in read(), and with what looks find.
  void observe_inputs(model::InputObserver observer) { inputs_ = std::move(observer); }

  /// Logits after the last token processed. wrong_state when nothing has been processed since clear or rewind;
  /// cancelled when `cancel` (may be null) becomes true: then they can be requested again.
  Result<std::span<const float>> logits(const std::atomic<bool>* cancel = nullptr);
  /// The model's state after the last token processed, normalised: what the logits are computed from. Valid until the
  /// next call; errors as logits().
  Result<std::span<const float>> embedding();

  /// The ids processed so far; the oldest are missing once there were more than the history holds (history_start() >
  /// 0).
  std::span<const TokenId> history() const { return history_.first(static_cast<std::size_t>(history_size_)); }
  std::int64_t history_start() const { return history_start_; }
  std::int64_t tokens() const { return history_start_ + history_size_; }
  const kv::Memory& cache() const { return *cache_; }
  const MemoryPlan& memory() const { return memory_; }
  /// What create() found; empty where the profile was given or this sequence is a sibling.
  const model::FoundProfile& profile() const { return profile_; }
  const model::Model& model() const { return *model_; }
  Executor& executor() const { return *executor_; }
  const SpeculationCounts& speculation() const { return speculation_.counts(); }

 private:
  static Result<std::unique_ptr<Sequence>> create(std::shared_ptr<const model::Model> model, MemoryPlan memory,
                                                  const SequenceOptions& options);
  Sequence(std::shared_ptr<const model::Model> model, MemoryPlan memory, Arena arena, std::unique_ptr<kv::Memory> cache,
           std::unique_ptr<model::Rope> rope, std::shared_ptr<Executor> executor, const SequenceOptions& options);
  struct Prompt {
    std::span<const TokenId> lead, ids;
    Marks marks;
  };
  Status read_prompt(const Prompt& prompt, const Progress& progress, const std::atomic<bool>* cancel,
                     const ChunkObserver& observer);
  std::int64_t block_begin(std::int64_t count) const noexcept;
  // Tokens processed by one call, and the total: those that it has to process again and its own.
  struct Reading {
    const Progress& progress;
    long long done, total;
    bool report() const { return total <= 1 || !progress || progress(done, total); }
  };
  enum class Recall { remember, replay };  // whether tokens become part of the history, or are in it
  Status read_chunks(Pieces pieces, Recall recall, Reading& reading, const std::atomic<bool>* cancel,
                     const ChunkObserver& observer);
  Status read_document_pieces(std::span<const TokenId> ids, Reading& reading, const std::atomic<bool>* cancel,
                              std::span<const kernels::RowRole> roles);  // empty: a new document
  Status process_again(std::int64_t from, Reading& reading, const std::atomic<bool>* cancel);
  std::int64_t document_piece() const noexcept;
  void keep_rows(const model::Decoder& decoder, std::int64_t first, std::int64_t count) noexcept;
  std::span<float> hidden_row() const noexcept;  // the current row
  Status take_over(StateReader& state);
  bool in_step() const noexcept { return in_step_ && !cache_->stale(); }
  Status drop_after(std::int64_t count);
  std::int64_t still_right() const noexcept;
  std::span<const TokenId> take_back_drafts(TokenId id, std::int64_t max) noexcept;
  Status refresh(Reading& reading, const std::atomic<bool>* cancel);
  void drop_drafts(bool cut) noexcept;
  void remember(std::span<const TokenId> ids, std::span<const kernels::RowRole> roles) noexcept;
  std::span<const kernels::RowRole> roles() const { return roles_.first(static_cast<std::size_t>(history_size_)); }

  std::shared_ptr<const model::Model> model_;
  MemoryPlan memory_;
  model::FoundProfile profile_;
  kv::Pool::Share share_;  ///< given back after the arena
  Arena arena_;
  std::unique_ptr<kv::Memory> cache_;
  std::unique_ptr<model::Rope> rope_;
  std::shared_ptr<Executor> executor_;
  model::AttentionObserver observer_;
  model::InputObserver inputs_;
  DocumentSpan document_;
  TokenId next_ = 0;                                               // the token of the current step
  std::int64_t again_ = 0;                                         // tokens in front of next_ that the step repeats
  std::array<TokenId, kMaxTogether> repeated_{};                   // these, and it
  std::array<kernels::RowRole, kv::kLargestChunk> piece_roles_{};  // of begin_piece, and of a look
  std::span<double> state_sums_;                                   // of sum_states
  std::int64_t whole_readings_ = 0;
  std::span<TokenId> history_;
  std::span<kernels::RowRole> roles_;  // of the history's tokens
  std::int64_t history_size_ = 0;
  std::int64_t history_start_ = 0;
  Speculation speculation_;
  // What outlives a pass: a row for the certain token and for each draft that may follow it.
  std::span<float> hidden_;     // [rows][embedding] the residual stream that logits are computed from
  std::span<float> logits_;     // [rows][vocabulary]
  std::span<float> embedding_;  // one row of hidden_, normalised
  std::size_t row_ = 0;         // the current row
  bool has_row_ = false;        // the last operation processed a token
  bool logits_known_ = false;   // logits of all rows in hidden_ are computed
  bool in_step_ = true;         // the cache holds exactly the history's tokens
};

}  // namespace brim::run
