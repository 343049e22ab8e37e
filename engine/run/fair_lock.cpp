// See fair_lock.hpp.
#include "engine/run/fair_lock.hpp"

#include "platform/forks.hpp"

namespace brim::run {
namespace {

constexpr int kProcess = 32;  // where the process stands in next_

std::atomic<std::uint32_t> forks{0};  // above this process

void count_fork() noexcept { forks.fetch_add(1, std::memory_order_relaxed); }

std::uint64_t numbers_of_this_process() noexcept {
  return std::uint64_t{forks.load(std::memory_order_relaxed)} << kProcess;
}

}  // namespace

FairLock::FairLock() {
  // Where this cannot be set up, a child that was forked in the middle of a pass waits forever, as it would for a
  // mutex.
  static const bool arranged = platform::on_fork_in_child(count_fork);
  (void)arranged;
  next_.store(numbers_of_this_process(), std::memory_order_relaxed);
}

bool FairLock::lock() noexcept {
  const std::uint64_t process = numbers_of_this_process();
  std::uint64_t seen = next_.load(std::memory_order_relaxed);
  std::uint32_t mine = 0;
  bool first = false;
  do {
    // In a child the first caller gets the number of the thread that is missing.
    first = seen >> kProcess != process >> kProcess;
    mine = first ? serving_.load(std::memory_order_relaxed) : static_cast<std::uint32_t>(seen);
  } while (!next_.compare_exchange_weak(seen, process | (mine + 1), std::memory_order_relaxed));
  for (std::uint32_t now = serving_.load(std::memory_order_acquire); now != mine;
       now = serving_.load(std::memory_order_acquire)) {
    serving_.wait(now, std::memory_order_acquire);
  }
  return first;
}

void FairLock::unlock() noexcept {
  serving_.fetch_add(1, std::memory_order_release);
  serving_.notify_all();
}

}  // namespace brim::run
