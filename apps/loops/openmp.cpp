// The loop of parallel_for.hpp. It is in brim-openmp.so, or linked in where the command is static.
#include <omp.h>

#include <cstdint>

extern "C" __attribute__((visibility("default"))) void brim_openmp_loop(int threads, std::int64_t count,
                                                                        void (*body)(void*, std::int64_t, int),
                                                                        void* context) {
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (std::int64_t index = 0; index < count; ++index) body(context, index, omp_get_thread_num());
}
