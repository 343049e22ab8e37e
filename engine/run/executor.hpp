// Runs the passes: one workspace and one decoder of a model, which all of its sequences use in turn. What outlives a
// pass belongs to the sequence, so that a second conversation costs only its own memory and not a second workspace.
// Callers that wait with one token each, or a few drafts, get them all in one pass: its weights are read once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

#include "engine/base/result.hpp"
#include "engine/model/decoder.hpp"
#include "engine/model/model.hpp"
#include "engine/model/workspace.hpp"
#include "engine/run/fair_lock.hpp"
#include "engine/run/prepared_arena.hpp"
#include "engine/run/turn_queue.hpp"
#include "platform/arena.hpp"

namespace brim::run {

class Sequence;

/// What one sequence wants of a pass that it may share with others, and its outcome.
struct PassEntry {
  Sequence* sequence = nullptr;
  model::SequenceStep step;                   ///< Sequence::begin_next returned it
  const std::atomic<bool>* cancel = nullptr;  ///< may be null; see Executor::step
  bool wants_logits = false;                  ///< after each of the step's tokens
  Status status{};                            ///< failed: no pass has processed the step
  double seconds = 0;                         ///< that the pass took, if it was for this entry alone
  bool prompt = false;                        ///< a piece of a prompt: Sequence::begin_piece returned the step
};

/// Shared by the sequences of one model, in any threads. They wait for each other, pass by pass, in the order in which
/// they asked. Each has all threads during its turn.
class Executor {
 public:
  /// Starts without room for any pass; reserve() creates it. `threads`: at most this many of the model's threads.
  Executor(std::shared_ptr<const model::Model> model, int threads);

  /// Adds room for passes of this shape, for picking a token, and for logits of `rows` rows (at most kMaxTogether; none
  /// for one row, because a sequence has its own). Called when a sequence is created: it waits for a pass that is
  /// running, and enlarges the buffers that are too small. Errors: out_of_memory and cancelled; buffers that were
  /// already enlarged stay so.
  Status reserve(const model::WorkspaceShape& wanted, std::size_t rows, Preparing& preparing);

  /// Processes entries of different sequences and calls end_next() of each that was processed. Entries of callers that
  /// wait for their turn share a pass, as many as there are rows for (at most kMaxTogether); whoever has the turn
  /// computes it for all, and no row's bits depend on that. Steps with an observer are processed by their own caller.
  /// A pass that several entries share is not ended by their `cancel`: one that is true before the pass begins fails
  /// alone, and one that becomes true later comes too late for this pass. Each entry's failure is in its status.
  /// Allocates nothing.
  void step(std::span<PassEntry> entries) noexcept;
  /// One pass, which no other caller shares, for these entries and behind their rows a piece of a prompt, whose
  /// logits are not computed. Fewer than kMaxSequences entries; reserve() has room for all rows. Otherwise as step(),
  /// with end_piece() for the piece.
  void step_with_piece(std::span<PassEntry> entries, PassEntry& piece) noexcept;

  /// The turn of one caller: no other caller computes while it exists. It must not be held while a callback of the host
  /// is called, because the callback may need a turn itself.
  class Turn {
   public:
    explicit Turn(Executor& executor) noexcept : executor_(executor) {
      TurnQueue::Place place(0);
      (void)executor_.turns_.enter(place);
    }
    ~Turn() { executor_.turns_.leave(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    /// Allocates nothing. What it returns about the last pass is about the last pass of this turn.
    model::Decoder& decoder() noexcept { return executor_.decoder_; }

   private:
    Executor& executor_;
  };
  [[nodiscard]] Turn turn() noexcept { return Turn(*this); }
  /// The memory for picking a token (sampling_memory.hpp), lent to one caller at a time, in the order in which they
  /// asked; passes go on meanwhile. Nothing in it stays for the next caller. After reserve().
  class Sampling {
   public:
    explicit Sampling(Executor& executor) noexcept : lock_(executor.sampling_lock_), memory_(executor.sampling_) {}
    std::span<std::byte> memory() const noexcept { return memory_; }

   private:
    std::unique_lock<FairLock> lock_;
    std::span<std::byte> memory_;
  };
  [[nodiscard]] Sampling sampling() noexcept { return Sampling(*this); }

  /// Bytes that its buffers take now.
  std::size_t bytes() noexcept;
  /// Callers that wait for a turn, and the passes that step() has made: for tests.
  std::size_t waiting() noexcept { return turns_.waiting(); }
  std::uint64_t passes() const noexcept { return passes_.load(std::memory_order_relaxed); }

  /// A sequence whose steps have up to `rows` rows uses this executor from now on, and no longer. Any thread.
  void join(std::int64_t rows) noexcept {
    sequences_.fetch_add(1, std::memory_order_relaxed);
    rows_.fetch_add(rows, std::memory_order_relaxed);
  }
  void leave(std::int64_t rows) noexcept {
    sequences_.fetch_sub(1, std::memory_order_relaxed);
    rows_.fetch_sub(rows, std::memory_order_relaxed);
  }
  std::size_t sequences() const noexcept { return sequences_.load(std::memory_order_relaxed); }
  /// The rows of a pass that steps all of these sequences, and one more that has up to `further` rows; 1 for that one
  /// alone.
  std::size_t rows_with(std::int64_t further) const noexcept {
    return sequences() == 0 ? 1 : static_cast<std::size_t>(rows_.load(std::memory_order_relaxed) + further);
  }

  kernels::Runtime runtime() const { return model_->runtime(threads_); }

 private:
  Status reserve_workspace(const model::WorkspaceShape& wanted, Preparing& preparing);
  Status reserve_logits(std::size_t rows, Preparing& preparing);
  Status reserve_sampling(Preparing& preparing);
  std::size_t shared_rows() const noexcept;
  void lead(std::span<PassEntry> entries) noexcept;
  void process(std::span<PassEntry* const> entries) noexcept;
  void finish(std::span<PassEntry* const> entries, std::int64_t rows) noexcept;
  Status forward(std::span<const model::SequenceStep> steps, const std::atomic<bool>* cancel) noexcept;

  std::shared_ptr<const model::Model> model_;
  int threads_;
  std::atomic<std::size_t> sequences_{0};
  std::atomic<std::int64_t> rows_{0};  // of all of these
  std::atomic<std::uint64_t> passes_{0};
  TurnQueue turns_;  // for all below
  Arena arena_, logits_arena_;
  model::Workspace work_;
  std::span<float> logits_;  // [rows][vocabulary]
  model::Decoder decoder_;
  FairLock sampling_lock_;  // for the following
  Arena sampling_arena_;
  std::span<std::byte> sampling_;
};

}  // namespace brim::run
