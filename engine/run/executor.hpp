// Who computes: one workspace and one decoder of a model, which all of its sequences use in turn. What outlives a pass
// belongs to the sequence, so that a second conversation costs its own memory and no second workspace.
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

/// Shared by sequences of one model, in any threads: they wait for each other, pass by pass, in the order in which they
/// came, and each has all threads while it is its turn.
class Executor {
 public:
  /// Without room for any pass: reserve() makes it. `threads`: at most so many of the model's.
  Executor(std::shared_ptr<const model::Model> model, int threads);

  /// Room for passes of this shape, too, and for logits of one row for each of `sequences` (at most
  /// model::kMaxSequences; none for a lone one, which has a row of its own). Called when a sequence is created: it
  /// waits for a pass that is under way, and grows what is too small. Errors: out_of_memory and cancelled; what has
  /// grown by then stays.
  Status reserve(const model::WorkspaceShape& wanted, std::size_t sequences, Preparing& preparing);

  /// The turn of one caller: nobody else computes while it lives. Must not be held while a callback of the host is
  /// called, which may want a turn itself.
  class Turn {
   public:
    explicit Turn(Executor& executor) noexcept : executor_(executor), lock_(executor.lock_) {}
    /// Allocates nothing. What it says of the last pass is of this turn's.
    model::Decoder& decoder() noexcept { return executor_.decoder_; }
    /// Logits after each of the last pass's first `rows` rows, one for each sequence, valid during this turn; empty
    /// where there is no room for so many.
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
