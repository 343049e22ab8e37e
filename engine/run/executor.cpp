// See executor.hpp.
#include "engine/run/executor.hpp"

#include <utility>

namespace brim::run {

Executor::Executor(std::shared_ptr<const model::Model> model, int threads)
    : model_(std::move(model)), threads_(threads), decoder_(*model_, work_, model_->runtime(threads)) {}

Status Executor::reserve(const model::WorkspaceShape& wanted, Preparing& preparing) {
  for (;;) {
    model::WorkspaceShape before, shape;
    {
      const std::lock_guard<FairLock> lock(lock_);
      before = shape_;
      shape = model::cover(shape_, wanted);
      if (shape == shape_) return {};
    }
    // Outside the lock: progress is the host's.
    const std::size_t bytes = model::Workspace::bytes(model_->config(), shape);
    BRIM_ASSIGN(Arena arena, prepared_arena(bytes, runtime().threads, preparing));
    const std::lock_guard<FairLock> lock(lock_);
    if (!(shape_ == before)) continue;  // another sequence came meanwhile
    shape_ = shape;
    arena_ = std::move(arena);
    work_.lay_out(model_->config(), shape, arena_.take(bytes));
    return {};
  }
}

}  // namespace brim::run
