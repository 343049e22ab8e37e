// Runs work on several threads. Work comes in numbered chunks; the result must not depend on which thread takes a
// chunk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>

namespace brim::kernels {

/// The number of threads to use by default: min(affinity mask, cgroup CPU quota, performance cores). `root` replaces
/// "/" in front of /sys and /proc (tests with recorded machines).
int default_threads(const std::string& root = "/");

/// Total bytes of the stacks of a pool's helpers: all threads except the caller's.
std::size_t helper_stack_bytes(int threads);

/// One chunk of work; `worker` distinguishes the threads that run chunks at the same time.
using ChunkBody = void (*)(void* context, std::int64_t chunk, int worker) noexcept;

/// The helper threads that work together with a caller. Only one caller in the whole process has helpers at a time:
/// meanwhile the helpers of other pools sleep, and other callers run their chunks alone. In a forked child every caller
/// works alone. Thread-safe. Must outlive the calls of run_chunks() that use it.
class ThreadPool {
 public:
  /// Creates `threads` − 1 helpers, or as many as the system grants: see failure(). Afterwards neither the pool nor its
  /// helpers allocate. Throws std::bad_alloc.
  explicit ThreadPool(int threads);
  /// Waits until the helpers have ended.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// The number of threads that work together: the caller's and the helpers.
  int threads() const noexcept;
  /// The errno value for why there are fewer threads than requested; 0 when all were created.
  int failure() const noexcept;

  /// Runs body(context, chunk, worker) on at most `count` threads as run_chunks() does, if the helpers are free; else
  /// returns false and runs nothing.
  bool run(int count, std::int64_t chunks, ChunkBody body, void* context) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Which threads may take part in some work: at most `count` of a pool's, including the caller's; without a pool only
/// the caller's.
struct Threads {
  Threads() = default;
  Threads(ThreadPool& all) : pool(&all), count(all.threads()) {}  // NOLINT: a pool stands for all of its threads
  /// At most `wanted` threads, at least the caller's.
  Threads(ThreadPool& some, int wanted);

  ThreadPool* pool = nullptr;
  int count = 1;
};

/// Runs body(context, chunk, worker) for every chunk in [0, chunks); returns when all are done. `worker` is in [0,
/// threads.count), and no two chunks run with the same `worker` at the same time. Allocates nothing. Bodies must not
/// throw.
void run_chunks(Threads threads, std::int64_t chunks, ChunkBody body, void* context) noexcept;

/// The same for a callable body(chunk, worker).
template <class Body>
void for_chunks(Threads threads, std::int64_t chunks, Body&& body) noexcept {
  using Plain = std::remove_reference_t<Body>;
  run_chunks(
      threads, chunks,
      [](void* context, std::int64_t chunk, int worker) noexcept { (*static_cast<Plain*>(context))(chunk, worker); },
      const_cast<void*>(static_cast<const void*>(&body)));
}

}  // namespace brim::kernels
