// See executor.hpp.
#include "engine/run/executor.hpp"

#include <algorithm>
#include <utility>

namespace brim::run {

Executor::Executor(std::shared_ptr<const model::Model> model, int threads)
    : model_(std::move(model)), threads_(threads), decoder_(*model_, work_, model_->runtime(threads)) {}

Status Executor::reserve(const model::WorkspaceShape& wanted, std::size_t sequences, Preparing& preparing) {
  BRIM_TRY(reserve_workspace(wanted, preparing));
  return sequences > 1 ? reserve_logits(std::min(sequences, model::kMaxSequences), preparing) : Status();
}

// Memory is prepared outside the lock: progress is the host's. Another sequence may have come meanwhile.
Status Executor::reserve_workspace(const model::WorkspaceShape& wanted, Preparing& preparing) {
  for (;;) {
    model::WorkspaceShape before;
    {
      const std::lock_guard<FairLock> lock(lock_);
      before = work_.shape;
    }
    const model::WorkspaceShape shape = model::cover(before, wanted);
    if (shape == before) return {};
    const std::size_t bytes = model::Workspace::bytes(model_->config(), shape);
    BRIM_ASSIGN(Arena arena, prepared_arena(bytes, runtime().threads, preparing));
    const std::lock_guard<FairLock> lock(lock_);
    if (!(work_.shape == before)) continue;
    arena_ = std::move(arena);
    work_.lay_out(model_->config(), shape, arena_.take(bytes));
    return {};
  }
}

Status Executor::reserve_logits(std::size_t rows, Preparing& preparing) {
  const std::size_t wanted = rows * static_cast<std::size_t>(model_->config().vocabulary);
  {
    const std::lock_guard<FairLock> lock(lock_);
    if (wanted <= logits_.size()) return {};
  }
  BRIM_ASSIGN(Arena arena, prepared_arena(wanted * sizeof(float), runtime().threads, preparing));
  const std::lock_guard<FairLock> lock(lock_);
  if (wanted <= logits_.size()) return {};
  logits_arena_ = std::move(arena);
  logits_ = {reinterpret_cast<float*>(logits_arena_.take(wanted * sizeof(float)).data()), wanted};
  return {};
}

std::span<const float> Executor::Turn::logits(std::int64_t rows) noexcept {
  Executor& own = executor_;
  const auto count = static_cast<std::size_t>(rows * own.model_->config().vocabulary);
  if (count > own.logits_.size()) return {};
  own.decoder_.logits(0, rows, own.logits_);
  return own.logits_.first(count);
}

}  // namespace brim::run
