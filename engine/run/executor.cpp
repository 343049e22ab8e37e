// See executor.hpp.
#include "engine/run/executor.hpp"

#include <algorithm>
#include <utility>

namespace brim::run {

Executor::Executor(std::shared_ptr<const model::Model> model, int threads)
    : model_(std::move(model)), threads_(threads), decoder_(*model_, work_, model_->runtime(threads)) {}

Status Executor::reserve(const model::WorkspaceShape& wanted, std::size_t sequences, Preparing& preparing) {
  const std::size_t rows = sequences > 1 ? std::min(sequences, model::kMaxSequences) : 0;
  const std::size_t row_bytes = static_cast<std::size_t>(model_->config().vocabulary) * sizeof(float);
  for (;;) {
    model::WorkspaceShape before, shape;
    std::size_t rows_before = 0;
    {
      const std::lock_guard<FairLock> lock(lock_);
      before = shape_;
      rows_before = logit_rows_;
      shape = model::cover(shape_, wanted);
      if (shape == shape_ && rows <= logit_rows_) return {};
    }
    // Outside the lock: progress is the host's.
    const std::size_t logit_rows = std::max(rows, rows_before);
    const std::size_t bytes = model::Workspace::bytes(model_->config(), shape);
    constexpr std::size_t kAlignment = 64;  // where the logits begin
    BRIM_ASSIGN(Arena arena, prepared_arena(bytes + kAlignment + logit_rows * row_bytes, runtime().threads, preparing));
    const std::lock_guard<FairLock> lock(lock_);
    if (!(shape_ == before) || logit_rows_ != rows_before) continue;  // another sequence came meanwhile
    shape_ = shape;
    logit_rows_ = logit_rows;
    arena_ = std::move(arena);
    work_.lay_out(model_->config(), shape, arena_.take(bytes));
    const std::span<std::byte> logits = arena_.take(logit_rows * row_bytes);
    logits_ = {reinterpret_cast<float*>(logits.data()), logits.size() / sizeof(float)};
    return {};
  }
}

std::span<const float> Executor::Turn::logits(std::int64_t rows) noexcept {
  Executor& own = executor_;
  if (static_cast<std::size_t>(rows) > own.logit_rows_) return {};
  own.decoder_.logits(0, rows, own.logits_);
  return own.logits_.first(static_cast<std::size_t>(rows * own.model_->config().vocabulary));
}

}  // namespace brim::run
