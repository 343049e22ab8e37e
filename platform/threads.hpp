// Helper threads: created once, each runs one function until it returns. The boundary between the library and whatever
// provides threads; CMake compiles one of the two implementations, linux/threads.cpp or openmp/threads.cpp.
#pragma once

#include <cstddef>
#include <memory>

namespace brim::platform {

/// The size of the stack of one helper thread in bytes: 8 MiB, the usual default, would count against RLIMIT_DATA for
/// every helper. Kernels use at most 32 KiB in a frame.
inline constexpr std::size_t kHelperStackBytes = std::size_t{256} << 10;

/// What a helper runs; `index` counts from 0. Must not allocate, so that no allocation can fail in it.
using HelperBody = void (*)(void* context, int index) noexcept;

/// Owns the threads it started. Not thread-safe; not copyable.
class HelperThreads {
 public:
  /// Starts `wanted` threads that run body(context, index), or as many as the system grants. They have all signals
  /// blocked, stacks of kHelperStackBytes and the names "brim-1", "brim-2", …; starting a thread allocates only in the
  /// calling thread. Throws std::bad_alloc, without starting any thread, when there is no memory for the list of
  /// threads.
  HelperThreads(int wanted, HelperBody body, void* context);
  HelperThreads(const HelperThreads&) = delete;
  HelperThreads& operator=(const HelperThreads&) = delete;
  /// Drops the threads without waiting: call join() first, except in a forked child, where they do not exist.
  ~HelperThreads();

  int count() const noexcept { return count_; }
  /// The errno value for why there are fewer threads than wanted; 0 when all were started.
  int failure() const noexcept { return failure_; }
  /// Returns once every body has returned. Must be called once.
  void join() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
  int count_ = 0;
  int failure_ = 0;
};

}  // namespace brim::platform
