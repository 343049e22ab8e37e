// A number of bytes from which the budgets of several caches are booked. It books numbers, not memory: the memory that
// a session's arena takes is allocated separately.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "engine/base/result.hpp"

namespace brim::kv {

/// Any thread. Shared by those who book from it.
class Pool {
 public:
  explicit Pool(std::int64_t bytes) : bytes_(bytes) {}

  /// Bytes booked; given back when it goes out of scope. Movable; an empty one holds nothing.
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept : pool_(std::move(other.pool_)), bytes_(std::exchange(other.bytes_, 0)) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(pool_, other.pool_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    Share(const Share&) = delete;
    ~Share();

   private:
    friend class Pool;
    Share(std::shared_ptr<Pool> pool, std::int64_t bytes) : pool_(std::move(pool)), bytes_(bytes) {}
    std::shared_ptr<Pool> pool_;
    std::int64_t bytes_ = 0;
  };
  /// Books `bytes` for one budget. Errors: out_of_memory with the requested size, the pool and the size in use.
  static Result<Share> book(const std::shared_ptr<Pool>& pool, std::int64_t bytes);

  std::int64_t left() const;
  /// "the model's KV pool of 256.0 MiB (268435456 bytes) has 192.0 MiB (201326592 bytes) in use by 3 sessions"
  std::string describe() const;

 private:
  std::string describe_locked() const;

  const std::int64_t bytes_;
  mutable std::mutex mutex_;
  std::int64_t in_use_ = 0;
  int shares_ = 0;
};

}  // namespace brim::kv
