// The thread pool: helpers that are created once and wait for work; jobs reach them through a few atomics. Why there is
// no barrier of all threads after each product: a barrier waits for every member, also for one that got no chunk
// because another program has its core, and this costs a scheduler quantum (measured on two busy cores: 1.5 GB/s of
// weights instead of 8). Here the caller works too and waits only for members that are inside a chunk; a member that
// comes late finds the job closed.
//
// Helpers spin for kSpin after a job, because decode brings the next job within microseconds, and then sleep in the
// kernel. They sleep at once when another pool of the process has work, so that two models never spin at the same time.
// A caller that finds a pool at work, its own or another, runs its chunks alone; so does a caller in a forked child,
// which has no helpers. See threads.hpp; platform/threads.hpp provides the threads.
#include "kernels/threads.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>

#include "platform/forks.hpp"
#include "platform/threads.hpp"

namespace brim::kernels {
namespace {

constexpr std::chrono::microseconds kSpin{50};
constexpr int kLooksPerClock = 64;  ///< pauses between two reads of the clock

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// The process's pools: pointers are only compared here, never dereferenced.
alignas(64) constinit std::atomic<const void*> at_work{nullptr};  ///< the one that has a job
alignas(64) constinit std::atomic<const void*> last{nullptr};     ///< the last one that had a job: its helpers may spin
constinit std::atomic<unsigned> forks{0};  ///< number of forks from the process that loaded the library to this one

void count_fork() noexcept {
  forks.fetch_add(1);
  at_work.store(nullptr);  // the pool that had a job belongs to the parent
}

/// Whether forks are counted from now on. Registering twice is harmless.
bool forks_are_counted() noexcept {
  static constinit std::atomic<bool> counted{false};
  if (!counted.load() && platform::on_fork_in_child(count_fork)) counted.store(true);
  return counted.load();
}

}  // namespace

struct ThreadPool::State {
  explicit State(int wanted)
      : helpers(
            wanted, [](void* state, int index) noexcept { static_cast<State*>(state)->serve(index + 1); }, this),
        failure(helpers.failure()) {}

  ~State() {
    if (!has_helpers()) return;
    ending.store(true);
    wake();
    helpers.join();
  }

  /// False in a forked child, which has the memory of the pool but not its threads.
  bool has_helpers() const noexcept {
    return helpers.count() > 0 && forks_before == forks.load(std::memory_order_relaxed);
  }

  /// Tries to reserve all helpers for the caller and returns whether it could; call give_back() afterwards.
  bool take() noexcept {
    const void* none = nullptr;
    if (!has_helpers() || !at_work.compare_exchange_strong(none, this, std::memory_order_acquire)) return false;
    if (last.load(std::memory_order_relaxed) != this) last.store(this, std::memory_order_relaxed);
    return true;
  }
  void give_back() noexcept {
    const void* self = this;
    at_work.compare_exchange_strong(self, nullptr, std::memory_order_release, std::memory_order_relaxed);
  }

  void run(int count, std::int64_t all, ChunkBody work_body, void* work_context) noexcept {
    body = work_body;
    context = work_context;
    chunks = all;
    threads = count;
    next.store(0, std::memory_order_relaxed);
    open.store(true);
    wake();
    work(0);
    // Here: close the job, then check who is inside. In a helper: enter, then check whether the job is open (both
    // sequentially consistent). So either the helper sees the job closed or this thread sees the helper.
    open.store(false);
    for (int looks = 0; inside.load() != 0 && has_helpers(); ++looks) {
      if (looks < 1000) {
        pause();
      } else {
        std::this_thread::yield();
      }
    }
  }

  void wake() noexcept {
    signal.fetch_add(1);
    signal.notify_all();
  }

  void work(int worker) noexcept {
    for (;;) {
      const std::int64_t chunk = next.fetch_add(1, std::memory_order_relaxed);
      if (chunk >= chunks) return;
      body(context, chunk, worker);
    }
  }

  /// A helper's life: helps with every job until the pool ends.
  void serve(int worker) noexcept {
    for (;;) {
      const std::uint32_t seen = signal.load();
      if (ending.load()) return;
      inside.fetch_add(1);
      if (open.load() && worker < threads) work(worker);
      inside.fetch_sub(1);
      await_signal(seen);
    }
  }

  void await_signal(std::uint32_t seen) noexcept {
    const auto start = std::chrono::steady_clock::now();
    do {
      for (int look = 0; look < kLooksPerClock; ++look) {
        if (signal.load(std::memory_order_relaxed) != seen) return;
        pause();
      }
    } while (last.load(std::memory_order_relaxed) == this && std::chrono::steady_clock::now() - start < kSpin);
    signal.wait(seen);
  }

  // The job: written by the thread that has reserved the pool while the job is closed and no helper is inside.
  ChunkBody body = nullptr;
  void* context = nullptr;
  std::int64_t chunks = 0;
  int threads = 0;
  alignas(64) std::atomic<std::int64_t> next{0};
  alignas(64) std::atomic<std::uint32_t> signal{0};  ///< changes when there is something new to see
  std::atomic<bool> open{false};
  std::atomic<bool> ending{false};
  alignas(64) std::atomic<int> inside{0};
  const unsigned forks_before = forks.load();
  platform::HelperThreads helpers;  ///< they use all of the above
  int failure;
};

ThreadPool::ThreadPool(int threads) {
  const bool usable = forks_are_counted();
  state_ = std::make_unique<State>(usable ? threads - 1 : 0);
  if (!usable && threads > 1) state_->failure = ENOMEM;
}

ThreadPool::~ThreadPool() = default;

int ThreadPool::threads() const noexcept { return 1 + state_->helpers.count(); }
int ThreadPool::failure() const noexcept { return state_->failure; }

bool ThreadPool::run(int count, std::int64_t chunks, ChunkBody body, void* context) noexcept {
  if (!state_->take()) return false;
  state_->run(count, chunks, body, context);
  state_->give_back();
  return true;
}

Threads::Threads(ThreadPool& some, int wanted) : pool(&some), count(std::clamp(wanted, 1, some.threads())) {}

std::size_t helper_stack_bytes(int threads) {
  return threads > 1 ? static_cast<std::size_t>(threads - 1) * platform::kHelperStackBytes : 0;
}

void run_chunks(Threads threads, std::int64_t chunks, ChunkBody body, void* context) noexcept {
  if (threads.count > 1 && chunks > 1 && threads.pool->run(threads.count, chunks, body, context)) return;
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) body(context, chunk, 0);
}

}  // namespace brim::kernels
