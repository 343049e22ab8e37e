// Runs the passes: one workspace and one decoder of a model, which all of its sequences use in turn. What outlives a
// pass belongs to the sequence, so that a second conversation costs only its own memory and not a second workspace.
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
#include "platform/arena.hpp"

namespace brim::run {

/// Shared by the sequences of one model, in any threads. They wait for each other, pass by pass, in the order in which
/// they asked. Each has all threads during its turn.
class Executor {
 public:
  /// Starts without room for any pass; reserve() creates it. `threads`: at most this many of the model's threads.
  Executor(std::shared_ptr<const model::Model> model, int threads);

  /// Adds room for passes of this shape, and for logits of one row for each of `sequences` (at most
  /// model::kMaxSequences; none for a single sequence, which has a row of its own). Called when a sequence is created:
  /// it waits for a pass that is running, and enlarges the buffers that are too small. Errors: out_of_memory and
  /// cancelled; buffers that were already enlarged stay so.
  Status reserve(const model::WorkspaceShape& wanted, std::size_t sequences, Preparing& preparing);

  /// The turn of one caller: no other caller computes while it exists. It must not be held while a callback of the host
  /// is called, because the callback may need a turn itself.
  class Turn {
   public:
    explicit Turn(Executor& executor) noexcept : executor_(executor), lock_(executor.lock_) {}
    /// Allocates nothing. What it returns about the last pass is about the last pass of this turn.
    model::Decoder& decoder() noexcept { return executor_.decoder_; }
    /// Logits after each of the last pass's first `rows` rows, one row per sequence, valid during this turn; empty
    /// where there is no room for that many rows.
    std::span<const float> logits(std::int64_t rows) noexcept;

   private:
    Executor& executor_;
    std::unique_lock<FairLock> lock_;
  };
  [[nodiscard]] Turn turn() noexcept { return Turn(*this); }

  /// A sequence uses this executor from now on, and no longer. Any thread.
  void join() noexcept { sequences_.fetch_add(1, std::memory_order_relaxed); }
  void leave() noexcept { sequences_.fetch_sub(1, std::memory_order_relaxed); }
  std::size_t sequences() const noexcept { return sequences_.load(std::memory_order_relaxed); }

  kernels::Runtime runtime() const { return model_->runtime(threads_); }

 private:
  Status reserve_workspace(const model::WorkspaceShape& wanted, Preparing& preparing);
  Status reserve_logits(std::size_t rows, Preparing& preparing);

  std::shared_ptr<const model::Model> model_;
  int threads_;
  std::atomic<std::size_t> sequences_{0};
  FairLock lock_;  // for all below
  Arena arena_, logits_arena_;
  model::Workspace work_;
  std::span<float> logits_;  // [rows][vocabulary]
  model::Decoder decoder_;
};

}  // namespace brim::run
