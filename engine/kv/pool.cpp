// See pool.hpp.
#include "engine/kv/pool.hpp"

#include "engine/kv/budget.hpp"

namespace brim::kv {

Pool::Share::~Share() {
  if (!pool_) return;
  const std::lock_guard lock(pool_->mutex_);
  pool_->in_use_ -= bytes_;
  --pool_->shares_;
}

Result<Pool::Share> Pool::book(const std::shared_ptr<Pool>& pool, std::int64_t bytes) {
  const std::lock_guard lock(pool->mutex_);
  if (bytes > pool->bytes_ - pool->in_use_) {
    return error(ErrorCode::out_of_memory, "the KV budget is ", bytes_text(bytes), ", but ", pool->describe_locked());
  }
  pool->in_use_ += bytes;
  ++pool->shares_;
  return Share(pool, bytes);
}

std::int64_t Pool::left() const {
  const std::lock_guard lock(mutex_);
  return bytes_ - in_use_;
}

std::string Pool::describe() const {
  const std::lock_guard lock(mutex_);
  return describe_locked();
}

std::string Pool::describe_locked() const {
  return sentence("the model's KV pool of ", bytes_text(bytes_), " has ", bytes_text(in_use_), " in use by ", shares_,
                  shares_ == 1 ? " session" : " sessions");
}

}  // namespace brim::kv
