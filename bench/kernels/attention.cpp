// See attention.hpp. One KV head of a model processes a context that lies in one run, range by range, as
// engine/model/attend.cpp does it; heads have separate memory, so that one token's context comes from memory and not
// from a cache.
#include "bench/kernels/attention.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "kernels/dispatch.hpp"
#include "kernels/table.hpp"

namespace brim::bench {
namespace {

struct Heads {
  const char* name;
  int kv_heads, group, size;
};
constexpr Heads kHeads[] = {{"llama-1b", 8, 4, 64}, {"qwen2.5-0.5b", 2, 7, 64}, {"llama-8b", 8, 4, 128}};
constexpr std::size_t kLargestHead = 128;
constexpr std::int64_t kEntries = 8192;
/// One token as in decode; the tile of a prompt that engine/model assigns to a thread: 128 rows.
constexpr std::int64_t kRowsOfPrompt = 128;

/// Numbers in [−1, 1), the same for the same seed.
void fill(std::span<float> values, std::uint32_t seed) {
  std::uint32_t number = seed * 2654435761u;
  for (float& value : values) {
    number = number * 1664525u + 1013904223u;
    value = static_cast<float>(number >> 8) / static_cast<float>(1u << 23) - 1.0f;
  }
}

void run(benchmark::State& state, const Heads& heads, kernels::KvType type, std::int64_t tokens, int filling_threads) {
  const kernels::Table& table = kernels::active();
  const std::size_t stride = kernels::kv_vector_bytes(type, heads.size);
  const auto count = static_cast<std::size_t>(kEntries), size = static_cast<std::size_t>(heads.size);
  const auto rows = static_cast<std::size_t>(tokens * heads.group);
  std::vector<std::byte> keys(stride * count * static_cast<std::size_t>(heads.kv_heads)), values(keys.size());
  std::vector<float> queries(rows * size);
  fill(queries, 1);
  const std::int64_t vectors = heads.kv_heads * kEntries;
#pragma omp parallel for num_threads(filling_threads) schedule(static)
  for (std::int64_t i = 0; i < 2 * vectors; ++i) {
    std::array<float, kLargestHead> vector;
    fill({vector.data(), size}, static_cast<std::uint32_t>(2 + i));
    std::vector<std::byte>& side = i < vectors ? keys : values;
    table.pack_kv[static_cast<int>(type)](vector.data(), heads.size,
                                          side.data() + static_cast<std::size_t>(i % vectors) * stride);
  }
  std::vector<float> largest(2 * rows), sums(2 * rows), out(2 * rows * size);
  std::vector<float> scratch(
      static_cast<std::size_t>(kernels::attention_scratch(tokens * heads.group, heads.size, heads.size)));
  const std::vector<kernels::Seen> seen(static_cast<std::size_t>(tokens), kernels::Seen{0, kEntries});
  const kernels::AttentionState first{largest.data(), sums.data(), out.data(), heads.group};
  const kernels::AttentionState later{largest.data() + rows, sums.data() + rows, out.data() + rows * size, heads.group};
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) {
    for (int head = 0; head < heads.kv_heads; ++head) {
      const std::size_t begin = static_cast<std::size_t>(head) * count * stride;
      for (std::int64_t part = 0; part < kEntries; part += kernels::kAttentionRange) {
        const std::size_t at = begin + static_cast<std::size_t>(part) * stride;
        // The second run is what lies behind the range: kernels prefetch it.
        const std::size_t next =
            std::min(at + static_cast<std::size_t>(kernels::kAttentionRange) * stride, keys.size() - stride);
        const kernels::KvRun runs[] = {{keys.data() + at, values.data() + at, stride, stride, kernels::kAttentionRange},
                                       {keys.data() + next, values.data() + next, stride, stride, 0}};
        table.attend[static_cast<int>(type)][static_cast<int>(type)](
            {runs, part, part + kernels::kAttentionRange, heads.size, heads.size, queries.data(),
             heads.group * heads.size, heads.group, tokens, seen.data(), 0.125f, 0.0f, part == 0 ? first : later,
             scratch.data()});
        if (part > 0) table.merge_attention(first, later, tokens, heads.group, heads.size);
      }
    }
    benchmark::DoNotOptimize(out.data());
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const double rate = static_cast<double>(state.iterations()) / took.count();
  state.counters["GFLOP/s"] =
      rate * 4.0 * static_cast<double>(rows * size * count) * static_cast<double>(heads.kv_heads) / 1e9;
  state.counters["GB/s"] = rate * static_cast<double>(2 * keys.size()) / 1e9;
}

}  // namespace

void register_attention(int filling_threads) {
  for (int t = 0; t < kernels::kKvTypeCount; ++t) {
    const auto type = static_cast<kernels::KvType>(t);
    for (const Heads& heads : kHeads) {
      for (const std::int64_t tokens : {std::int64_t{1}, kRowsOfPrompt / heads.group}) {
        const std::string name = std::string(kernels::active_set()) + "/attention/" +
                                 std::string(kernels::kv_type_name(type)) + "/" + heads.name + "/" +
                                 std::to_string(tokens) + "@" + std::to_string(kEntries);
        benchmark::RegisterBenchmark(name.c_str(),
                                     [&heads, type, tokens, filling_threads](benchmark::State& state) {
                                       run(state, heads, type, tokens, filling_threads);
                                     })
            ->UseRealTime()
            ->Unit(benchmark::kMicrosecond)
            ->MinTime(0.2);
      }
    }
  }
}

}  // namespace brim::bench
