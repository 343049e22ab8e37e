// A lock that callers get in the order in which they asked for it. A mutex may give it to any caller: then a thread
// that computes one pass after another would keep all others waiting.
#pragma once

#include <atomic>
#include <cstdint>

namespace brim::run {

/// Any thread. Allocates nothing. In a forked child, where the thread that held it is missing, it is free again.
class FairLock {
 public:
  FairLock();
  /// True: this is a forked child's first caller. What the lock protects may have been left in any state then.
  bool lock() noexcept;
  void unlock() noexcept;
  /// Callers in lock() and the one that has the lock.
  std::uint32_t callers() const noexcept {
    return static_cast<std::uint32_t>(next_.load(std::memory_order_relaxed)) - serving_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> next_;        // the process that it counts for, and the number that the next caller gets
  std::atomic<std::uint32_t> serving_{0};  // the number that has the lock
};

}  // namespace brim::run
