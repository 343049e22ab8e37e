// Loops of the tools on several threads. What computes with a model has threads of its own (kernels/threads.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace brim::apps {

/// Calls body(context, index, thread); as OpenMP's loop in openmp.cpp does.
using LoopBody = void (*)(void* context, std::int64_t index, int thread);

/// Whether loops run on several threads: the module with OpenMP's runtime was found. Loads it.
bool loops_are_parallel() noexcept;

/// Calls body(context, index, thread) for every index in [0, count), in any order, on up to `threads` threads of
/// OpenMP, or on the caller's alone where there is no module. `thread` is in [0, threads). Bodies must not throw.
void run_loop(int threads, std::int64_t count, LoopBody body, void* context);

/// The same for a callable body(index, thread).
template <class Body>
void parallel_for(int threads, std::int64_t count, Body&& body) {
  using Plain = std::remove_reference_t<Body>;
  run_loop(
      threads, count,
      [](void* context, std::int64_t index, int thread) { (*static_cast<Plain*>(context))(index, thread); },
      const_cast<void*>(static_cast<const void*>(std::addressof(body))));
}

}  // namespace brim::apps
