// The parallel region: chunks are handed out by one counter, so a busy core takes fewer of them (static splits stall on
// a shared machine). See threads.hpp.
//
// Waiting is left to the OpenMP runtime's defaults: both libgomp and libomp spin for a while between regions (decoding
// enters one every few dozen microseconds) and then sleep, and libgomp hardly spins once it has more threads than
// processors. OMP_WAIT_POLICY and GOMP_SPINCOUNT change that for those who need it.
#include "kernels/threads.hpp"

#include <atomic>

namespace brim::kernels {
void run_chunks(int threads, std::int64_t chunks,
                void (*body)(void* context, std::int64_t chunk, int worker) noexcept, void* context) noexcept {
  if (threads <= 1 || chunks <= 1) {
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) body(context, chunk, 0);
    return;
  }
  std::atomic<std::int64_t> next{0};
  std::atomic<int> workers{0};
  // The team has the same size whatever `chunks` is: a runtime ends or creates threads when it changes.
#pragma omp parallel num_threads(threads) default(none) shared(next, workers, chunks, body, context)
  {
    const int worker = workers.fetch_add(1, std::memory_order_relaxed);
    for (;;) {
      const std::int64_t chunk = next.fetch_add(1, std::memory_order_relaxed);
      if (chunk >= chunks) break;
      body(context, chunk, worker);
    }
  }
}

}  // namespace brim::kernels
