// Loops of the tools on several threads. Code that computes with a model has its own threads (kernels/threads.hpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>

namespace brim::apps {

/// Calls body(context, index, thread), as OpenMP's loop in openmp.cpp does.
using LoopBody = void (*)(void* context, std::int64_t index, int thread);

/// Whether loops run on several threads: true if the module with OpenMP's runtime was found. Loads it.
bool loops_are_parallel() noexcept;

/// Calls body(context, index, thread) for every index in [0, count), in any order, on up to `threads` threads of OpenMP
/// (at most one per index), or only on the calling thread if there is no module. `thread` is in [0, threads). Bodies
/// must not throw.
void run_loop(int threads, std::int64_t count, LoopBody body, void* context);

/// The same for a callable body(index, thread), which may throw: bodies that have not begun are then left out, and the first
/// exception reaches the caller.
template <class Body>
void parallel_for(int threads, std::int64_t count, Body&& body) {
  struct Call {
    std::remove_reference_t<Body>& body;
    std::atomic<bool> failed{false};
    std::exception_ptr failure{};
  } call{body};
  run_loop(
      threads, count,
      [](void* context, std::int64_t index, int thread) {
        Call& shared = *static_cast<Call*>(context);
        if (shared.failed.load(std::memory_order_relaxed)) return;
        try {
          shared.body(index, thread);
        } catch (...) {
          if (!shared.failed.exchange(true)) shared.failure = std::current_exception();
        }
      },
      &call);
  if (call.failure) std::rethrow_exception(call.failure);
}

}  // namespace brim::apps
