// See fair_lock.hpp.
#include "engine/run/fair_lock.hpp"

#include "platform/forks.hpp"

namespace brim::run {
namespace {

std::atomic<std::uint32_t> forks{0};  // above this process

void count_fork() noexcept { forks.fetch_add(1, std::memory_order_relaxed); }

std::uint32_t this_process() noexcept {
  // Where it cannot be arranged, a child that was forked in the middle of a pass waits for ever, as it would for a
  // mutex.
  static const bool arranged = platform::on_fork_in_child(count_fork);
  (void)arranged;
  return forks.load(std::memory_order_relaxed);
}

}  // namespace

FairLock::FairLock() : process_(this_process()) {}

void FairLock::forget_other_process() noexcept {
  const std::uint32_t now = forks.load(std::memory_order_relaxed);
  if (process_.load(std::memory_order_relaxed) == now) return;
  // The child's other threads, if it has started any, come here as well: the first one is enough.
  if (process_.exchange(now, std::memory_order_acq_rel) == now) return;
  serving_.store(next_.load(std::memory_order_relaxed), std::memory_order_release);
}

void FairLock::lock() noexcept {
  forget_other_process();
  const std::uint32_t mine = next_.fetch_add(1, std::memory_order_relaxed);
  for (std::uint32_t now = serving_.load(std::memory_order_acquire); now != mine;
       now = serving_.load(std::memory_order_acquire)) {
    serving_.wait(now, std::memory_order_acquire);
  }
}

void FairLock::unlock() noexcept {
  serving_.fetch_add(1, std::memory_order_release);
  serving_.notify_all();
}

}  // namespace brim::run
