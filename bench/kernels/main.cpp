// bench_kernels: the matrix products of every weight format and attention over every storage type, on every instruction
// set that this machine has, for the shapes of real models, by google-benchmark. See README.md.
//   bench_kernels [--threads=N] [--benchmark_filter=REGEX] [any other option of google-benchmark]
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "bench/kernels/attention.hpp"
#include "bench/kernels/onednn.hpp"
#include "bench/kernels/recurrence.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/multiply.hpp"
#include "kernels/peaks.hpp"
#include "kernels/threads.hpp"
#include "platform/arena.hpp"
#include "platform/program/processes.hpp"
#include "quant/format.hpp"
#include "quant/panel.hpp"

namespace brim::bench {
namespace {

/// Larger than the caches: decode reads weights from memory.
constexpr std::size_t kWeightBytes = std::size_t{512} << 20;
/// One token as in decode, a few as when drafts are verified, the tokens of one layer pass, a chunk of a prompt.
constexpr std::int64_t kTokens[] = {1, 8, 128, 512};

struct Shape {
  const char* name;
  std::int64_t rows, cols;
};
constexpr Shape kShapes[] = {
#define MATRIX(name, rows, cols) {name, rows, cols},
#include "bench/kernels/shapes.def"
#undef MATRIX
};

struct Machine {
  kernels::Threads threads;
  std::span<std::byte> weights;
  double read_peak = 0, int8_peak = 0;
};

std::size_t matrix_bytes(const Shape& shape, quant::Format format, quant::Layout layout) {
  return layout == quant::Layout::panels
             ? static_cast<std::size_t>(quant::panel_count(shape.rows)) * quant::panel_bytes(format, shape.cols)
             : static_cast<std::size_t>(shape.rows) * quant::row_bytes(format, shape.cols);
}

/// Multiplies one matrix after another, over the whole memory. Counts bytes of weights and operations; `peak_%` is
/// relative to the limiting peak: reading for one token, 8-bit operations for many.
void run(benchmark::State& state, const Machine& machine, const Shape& shape, quant::Format format,
         quant::Layout layout, std::int64_t tokens) {
  const std::size_t bytes = (matrix_bytes(shape, format, layout) + 63) / 64 * 64;
  const std::size_t copies = machine.weights.size() / bytes;
  const std::vector<float> x(static_cast<std::size_t>(shape.cols * tokens), 0.25f);
  std::vector<float> out(static_cast<std::size_t>(shape.rows * tokens));
  std::vector<std::byte> scratch(
      kernels::multiply_scratch_bytes(kernels::active(), shape.cols, tokens, machine.threads.count));
  std::size_t copy = 0;
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) {
    const quant::Matrix matrix{format,     machine.weights.data() + copy * bytes, shape.rows,
                               shape.cols, quant::row_bytes(format, shape.cols),  layout};
    kernels::multiply({kernels::active(), machine.threads}, matrix, x.data(), shape.cols, tokens, out.data(),
                      shape.rows, scratch.data());
    benchmark::DoNotOptimize(out.data());
    copy = (copy + 1) % copies;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const double rate = static_cast<double>(state.iterations()) / took.count();
  const double read = rate * static_cast<double>(bytes);
  const double operations = rate * 2.0 * static_cast<double>(shape.rows * shape.cols * tokens);
  state.counters["GB/s"] = read / 1e9;
  state.counters["GOP/s"] = operations / 1e9;
  state.counters["peak_%"] = 100 * (tokens == 1 ? read / machine.read_peak : operations / machine.int8_peak);
}

/// set/format/layout/model/tensor/tokens
void register_all(const Machine& machine) {
  for (int f = 0; f < quant::kFormatCount; ++f) {
    const auto format = static_cast<quant::Format>(f);
    for (const quant::Layout layout : {quant::Layout::rows, quant::Layout::panels}) {
      for (const Shape& shape : kShapes) {
        if (shape.cols % quant::info(format).block_length != 0) continue;
        if (matrix_bytes(shape, format, layout) > kWeightBytes) continue;
        for (const std::int64_t tokens : kTokens) {
          const std::string name = std::string(kernels::active_set()) + "/" + std::string(quant::info(format).name) +
                                   (layout == quant::Layout::panels ? "/panels/" : "/rows/") + shape.name + "/" +
                                   std::to_string(tokens);
          benchmark::RegisterBenchmark(name.c_str(),
                                       [&machine, &shape, format, layout, tokens](benchmark::State& state) {
                                         run(state, machine, shape, format, layout, tokens);
                                       })
              ->UseRealTime()
              ->Unit(benchmark::kMicrosecond)
              ->MinTime(0.2);
        }
      }
    }
  }
}

/// Runs this program once per set, because the kernels in use are chosen once per process. Returns an exit code.
int run_every_set(char** words) {
  std::vector<std::string_view> sets = kernels::usable_sets(kernels::this_machine(), "");
  std::reverse(sets.begin(), sets.end());
  for (const std::string_view set : sets) {
    platform::set_environment("BRIM_ISA", std::string(set).c_str(), true);
    if (platform::run_this_program(words) != 0) return 1;
  }
  return 0;
}

int bench_kernels(int count, char** words) {
  if (std::getenv("BRIM_ISA") == nullptr) return run_every_set(words);
  Machine machine;
  int threads = kernels::default_threads();
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (!word.starts_with("--threads=")) continue;
    threads = std::clamp(std::atoi(words[i] + 10), 1, 512);
    std::rotate(words + i, words + i + 1, words + count);
    --count;
    break;
  }
  kernels::ThreadPool pool(threads);
  machine.threads = pool;
  benchmark::Initialize(&count, words);
  if (benchmark::ReportUnrecognizedArguments(count, words)) return 2;
  auto arena = Arena::create(kWeightBytes);
  if (!arena) {
    std::fprintf(stderr, "bench_kernels: %s\n", arena.error().sentence.c_str());
    return 1;
  }
  machine.weights = arena->take(kWeightBytes);
  // Bytes that are weights of small magnitude in every format and layout: no infinities, no denormal arithmetic.
  std::byte* const weights = machine.weights.data();
  constexpr auto kCount = static_cast<std::int64_t>(kWeightBytes);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::int64_t i = 0; i < kCount; ++i) weights[i] = static_cast<std::byte>(0x10 + i % 13);
  machine.read_peak = kernels::measure_read(machine.threads, machine.weights).bytes_per_second;
  machine.int8_peak = kernels::measure_int8({kernels::active(), machine.threads});
  benchmark::AddCustomContext("processor", kernels::this_machine().name);
  benchmark::AddCustomContext("set", std::string(kernels::active_set()));
  benchmark::AddCustomContext("threads", std::to_string(machine.threads.count));
  benchmark::AddCustomContext("read peak, GB/s", std::to_string(machine.read_peak / 1e9));
  benchmark::AddCustomContext("8-bit peak, GOP/s", std::to_string(machine.int8_peak / 1e9));
  register_all(machine);
  register_attention(threads);
  register_recurrences();
#if defined(BRIM_BENCH_ONEDNN)
  if (kernels::active_set() == kernels::usable_sets(kernels::this_machine(), "").back())
    register_onednn(machine.threads.count);
#endif
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace brim::bench

int main(int count, char** words) { return brim::bench::bench_kernels(count, words); }
