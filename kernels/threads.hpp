// Running work on several threads. Work comes in numbered chunks; which thread takes a chunk must not matter for the
// result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>

namespace brim::kernels {

/// How many threads to use when nobody says: min(affinity mask, cgroup CPU quota, performance cores). `root` replaces
/// "/" in front of /sys and /proc (tests with recorded machines).
int default_threads(const std::string& root = "/");

/// Bytes of the stacks of a pool's helpers: all threads but the caller's own.
std::size_t helper_stack_bytes(int threads);

/// One chunk of work; `worker` tells the threads that run chunks at the same time apart.
using ChunkBody = void (*)(void* context, std::int64_t chunk, int worker) noexcept;

/// The helper threads that work together with a caller. One caller at a time has them, in the whole process: other
/// pools' helpers sleep meanwhile, and other callers do their chunks alone. In a forked child every caller works alone.
/// Thread-safe. Must outlive the calls of run_chunks() that use it.
class ThreadPool {
 public:
  /// Creates `threads` − 1 helpers, or as many as the system grants: see failure(). Afterwards neither the pool nor its
  /// helpers allocate. Throws std::bad_alloc.
  explicit ThreadPool(int threads);
  /// Waits until the helpers have ended.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// How many threads work together: the caller's own and the helpers.
  int threads() const noexcept;
  /// The errno value for why there are fewer than requested; 0 when there are not.
  int failure() const noexcept;

  /// Runs body(context, chunk, worker) on at most `count` threads as run_chunks() does, where the helpers are free:
  /// else returns false, with nothing run.
  bool run(int count, std::int64_t chunks, ChunkBody body, void* context) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Which threads may take part in some work: at most `count` of a pool's, the caller's own among them; without a pool
/// the caller's alone.
struct Threads {
  Threads() = default;
  Threads(ThreadPool& all) : pool(&all), count(all.threads()) {}  // NOLINT: a pool is all of its threads
  /// At most `wanted`, at least the caller's own.
  Threads(ThreadPool& some, int wanted);

  ThreadPool* pool = nullptr;
  int count = 1;
};

/// Runs body(context, chunk, worker) for every chunk in [0, chunks); returns when all are done. `worker` is in
/// [0, threads.count), and no two chunks run with one value of it at the same time. Allocates nothing. Bodies must not
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
