// Running work on several threads: the only file that knows OpenMP. Work comes in numbered chunks; which thread takes a
// chunk must not matter for the result.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

namespace brim::kernels {

/// How many threads to use when nobody says: min(affinity mask, cgroup CPU quota, performance cores). `root` replaces
/// "/" in front of /sys and /proc (tests with recorded machines).
int default_threads(const std::string& root = "/");

/// Runs body(context, chunk, worker) for every chunk in [0, chunks), on at most `threads` threads; returns when all are
/// done. `worker` is in [0, threads). Allocation-free after the first use with a thread count. Bodies must not throw.
void run_chunks(int threads, std::int64_t chunks,
                void (*body)(void* context, std::int64_t chunk, int worker) noexcept, void* context) noexcept;

/// The same for a callable body(chunk, worker).
template <class Body>
void for_chunks(int threads, std::int64_t chunks, Body&& body) noexcept {
  using Plain = std::remove_reference_t<Body>;
  run_chunks(
      threads, chunks,
      [](void* context, std::int64_t chunk, int worker) noexcept { (*static_cast<Plain*>(context))(chunk, worker); },
      const_cast<void*>(static_cast<const void*>(&body)));
}

}  // namespace brim::kernels
