// The team: threads that OpenMP makes once, inside one parallel region that lives as long as the process, entered by a
// conductor thread of our own; jobs reach them through a few atomics. Why not a region per product: at its end a
// region waits for every member, also for one that got no chunk because another program has its core, and does so at
// the cost of a scheduler quantum (measured on two busy cores: 1.5 GB/s of weights instead of 8). Here the caller works
// too and waits only for members that are inside a chunk; one that comes late finds the job closed.
//
// Members look out for work for kSpin after a job — decoding brings the next within microseconds — and then sleep in
// the kernel. A caller that finds the team taken, by another caller or by itself further up, does its chunks alone; so
// does a forked child, which has no team. See threads.hpp.
#include "kernels/threads.hpp"

#include <omp.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

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

using Body = void (*)(void* context, std::int64_t chunk, int worker) noexcept;

class Team {
 public:
  /// The process's team. Its threads run until the process ends: nothing in it needs destroying.
  static Team& instance() {
    static Team team;
    return team;
  }

  /// Whether the caller has the team to itself now; give_back() afterwards.
  bool take() { return !taken_.exchange(true, std::memory_order_acquire); }
  void give_back() { taken_.store(false, std::memory_order_release); }

  /// Sees to it that `helpers` threads are there, or as many as can be had. Only for who has taken the team.
  void grow(int helpers) {
    if (helpers <= asked_) return;
    asked_ = helpers;
    const pid_t process = getpid();
    if (conductor_ != 0 && conductor_ != process) return;
    if (!can_have(helpers)) return;
    arrived_.store(0, std::memory_order_relaxed);
    size_.store(0, std::memory_order_relaxed);
    wanted_.store(helpers, std::memory_order_release);
    if (conductor_ == 0) {
      try {
        std::thread([this] { conduct(); }).detach();
      } catch (...) {
        return;
      }
      conductor_ = process;
    } else {
      wake();
    }
    // Once here, so that whatever starting threads allocates is over when the first job returns.
    while (size_.load(std::memory_order_acquire) == 0 ||
           arrived_.load(std::memory_order_acquire) < size_.load(std::memory_order_acquire)) {
      sched_yield();
    }
  }

  void run(int threads, std::int64_t chunks, Body body, void* context) {
    body_ = body;
    context_ = context;
    chunks_ = chunks;
    threads_ = threads;
    next_.store(0, std::memory_order_relaxed);
    open_.store(true);
    wake();
    work(0);
    // Closing and then looking who is inside, against entering and then looking whether it is open (both sequentially
    // consistent): either the member sees the job closed or this sees the member.
    open_.store(false);
    for (int looks = 0; inside_.load() != 0; ++looks) {
      if (looks < 1000) {
        pause();
      } else {
        sched_yield();
      }
    }
  }

 private:
  /// A runtime that cannot create a thread ends the process, so it is tried beforehand.
  static bool can_have(int helpers) {
    std::vector<std::thread> tried;
    bool all = true;
    try {
      for (int i = 0; i < helpers; ++i) tried.emplace_back([] {});
    } catch (...) {
      all = false;
    }
    for (std::thread& thread : tried) thread.join();
    return all;
  }

  void wake() {
    signal_.fetch_add(1);
    signal_.notify_all();
  }

  void work(int worker) {
    for (;;) {
      const std::int64_t chunk = next_.fetch_add(1, std::memory_order_relaxed);
      if (chunk >= chunks_) return;
      body_(context_, chunk, worker);
    }
  }

  /// The conductor's life: one region after another, each larger than the one before.
  void conduct() {
    for (;;) {
      const int helpers = wanted_.load(std::memory_order_acquire);
#pragma omp parallel num_threads(helpers)
      {
        if (omp_get_thread_num() == 0) size_.store(omp_get_num_threads(), std::memory_order_release);
        arrived_.fetch_add(1, std::memory_order_acq_rel);
        serve(omp_get_thread_num() + 1, helpers);
      }
    }
  }

  /// Helps with every job until a larger team is wanted.
  void serve(int worker, int helpers) {
    std::uint32_t seen = signal_.load();
    for (;;) {
      inside_.fetch_add(1);
      if (open_.load() && worker < threads_) work(worker);
      inside_.fetch_sub(1);
      await_signal(seen);
      seen = signal_.load();
      if (wanted_.load(std::memory_order_acquire) != helpers) return;
    }
  }

  void await_signal(std::uint32_t seen) {
    const auto start = std::chrono::steady_clock::now();
    do {
      for (int look = 0; look < kLooksPerClock; ++look) {
        if (signal_.load(std::memory_order_relaxed) != seen) return;
        pause();
      }
    } while (std::chrono::steady_clock::now() - start < kSpin);
    signal_.wait(seen);
  }

  std::atomic<bool> taken_{false};
  // The job: written by who has taken the team while it is closed and nobody is inside.
  Body body_ = nullptr;
  void* context_ = nullptr;
  std::int64_t chunks_ = 0;
  int threads_ = 0;
  alignas(64) std::atomic<std::int64_t> next_{0};
  alignas(64) std::atomic<std::uint32_t> signal_{0};  ///< changes when there is something new to see
  std::atomic<bool> open_{false};
  alignas(64) std::atomic<int> inside_{0};

  pid_t conductor_ = 0;  ///< the process whose thread it is
  int asked_ = 0;
  std::atomic<int> wanted_{0}, size_{0}, arrived_{0};
};

static_assert(std::is_trivially_destructible_v<Team>);

}  // namespace

void run_chunks(int threads, std::int64_t chunks,
                void (*body)(void* context, std::int64_t chunk, int worker) noexcept, void* context) noexcept {
  if (threads > 1 && chunks > 1) {
    Team& team = Team::instance();
    if (team.take()) {
      team.grow(threads - 1);
      team.run(threads, chunks, body, context);
      team.give_back();
      return;
    }
  }
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) body(context, chunk, 0);
}

}  // namespace brim::kernels
