// See onednn.hpp.
#include "bench/kernels/onednn.hpp"

#include <benchmark/benchmark.h>
#include <dnnl.h>
#include <omp.h>

#include <chrono>
#include <string>
#include <vector>

namespace brim::bench {
namespace {

void run(benchmark::State& state, std::int64_t rows, std::int64_t cols, std::int64_t tokens) {
  const std::vector<float> weights(static_cast<std::size_t>(rows * cols), 0.25f);
  const std::vector<float> x(static_cast<std::size_t>(tokens * cols), 0.25f);
  std::vector<float> out(static_cast<std::size_t>(tokens * rows));
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) {
    dnnl_sgemm('N', 'T', tokens, rows, cols, 1.0f, x.data(), cols, weights.data(), cols, 0.0f, out.data(), rows);
    benchmark::DoNotOptimize(out.data());
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const double operations = 2.0 * static_cast<double>(rows * cols * tokens) * static_cast<double>(state.iterations());
  state.counters["GOP/s"] = operations / took.count() / 1e9;
}

}  // namespace

void register_onednn(int threads) {
  omp_set_num_threads(threads);
#define MATRIX(name, rows, cols)                                                                        \
  for (const std::int64_t tokens : {128, 512}) {                                                        \
    if (std::int64_t{rows} * cols > std::int64_t{1} << 27) continue;                                    \
    benchmark::RegisterBenchmark(("onednn/F32/" name "/" + std::to_string(tokens)).c_str(),             \
                                 [tokens](benchmark::State& state) { run(state, rows, cols, tokens); }) \
        ->UseRealTime()                                                                                 \
        ->Unit(benchmark::kMicrosecond)                                                                 \
        ->MinTime(0.2);                                                                                 \
  }
#include "bench/kernels/shapes.def"
#undef MATRIX
}

}  // namespace brim::bench
