// A lock that callers get in the order in which they asked. A mutex gives it to whoever comes next: a thread that
// computes one pass after another would keep all others waiting.
#pragma once

#include <atomic>
#include <cstdint>

namespace brim::run {

/// Any thread. Allocates nothing. In a forked child, where the thread that held it is missing, it is free again.
class FairLock {
 public:
  FairLock();
  void lock() noexcept;
  void unlock() noexcept;
  /// Callers in lock() and the one that has the lock.
  std::uint32_t callers() const noexcept {
    return next_.load(std::memory_order_relaxed) - serving_.load(std::memory_order_relaxed);
  }

 private:
  void forget_other_process() noexcept;

  std::atomic<std::uint32_t> next_{0};     // the number that the next caller gets
  std::atomic<std::uint32_t> serving_{0};  // the number that has the lock
  std::atomic<std::uint32_t> process_;     // of which the two are; changes with every fork
};

}  // namespace brim::run
