// The thread pool: helpers that are created once and wait for work; jobs reach them through a few atomics. Why they do
// not meet at a barrier after each product: a barrier waits for every member, also for one that got no chunk because
// another program has its core, and does so at the cost of a scheduler quantum (measured on two busy cores: 1.5 GB/s of
// weights instead of 8). Here the caller works too and waits only for members that are inside a chunk; one that comes
// late finds the job closed.
//
// Helpers look out for work for kSpin after a job — decoding brings the next within microseconds — and then sleep in
// the kernel; they do so at once when another pool of the process has work, so that two models never spin beside each
// other. A caller that finds a pool at work, its own or another, does its chunks alone; so does one in a forked child,
// which has no helpers. See threads.hpp; platform/threads.hpp is where the threads come from.
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
constexpr int kLooksPerClock = 64;  ///< pauses between two looks at the clock

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// The process's pools, told apart by their address and never looked into through these.
alignas(64) constinit std::atomic<const void*> at_work{nullptr};  ///< the one that has a job
alignas(64) constinit std::atomic<const void*> last{nullptr};     ///< the last that had one: its helpers may spin
constinit std::atomic<unsigned> forks{0};  ///< between the process that loaded the library and this one

void count_fork() noexcept {
  forks.fetch_add(1);
  at_work.store(nullptr);  // whoever had it is in the parent
}

/// Whether forks are counted from now on. Counting one twice does no harm.
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

  /// Not in a forked child, where the memory of the pool is but not its threads.
  bool has_helpers() const noexcept {
    return helpers.count() > 0 && made_after == forks.load(std::memory_order_relaxed);
  }

  /// Whether the caller has all helpers to itself now; give_back() afterwards.
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
    // Closing and then looking who is inside, against entering and then looking whether it is open (both sequentially
    // consistent): either the helper sees the job closed or this sees the helper.
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

  // The job: written by whoever has taken the pool while it is closed and nobody is inside.
  ChunkBody body = nullptr;
  void* context = nullptr;
  std::int64_t chunks = 0;
  int threads = 0;
  alignas(64) std::atomic<std::int64_t> next{0};
  alignas(64) std::atomic<std::uint32_t> signal{0};  ///< changes when there is something new to see
  std::atomic<bool> open{false};
  std::atomic<bool> ending{false};
  alignas(64) std::atomic<int> inside{0};
  const unsigned made_after = forks.load();
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
