// See recurrence.hpp. Heads have separate states, so that a state comes from a cache that all of a layer's share.
#include "bench/kernels/recurrence.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/dispatch.hpp"
#include "kernels/table.hpp"

namespace brim::bench {
namespace {

struct Layer {
  const char* model;
  bool corrects;  ///< the delta rule; else the scan
  int heads, key_size, value_size;
};
constexpr Layer kLayers[] = {{"qwen3.5-0.8b", true, 16, 128, 128}, {"granite-4-h-1b", false, 48, 128, 64}};
constexpr std::int64_t kTokens = 128;  ///< a tile of a prompt

std::vector<float> numbers(std::size_t count, float low, float high) {
  std::vector<float> values(count);
  std::uint32_t number = 12345;
  for (float& value : values) {
    number = number * 1664525u + 1013904223u;
    value = low + (high - low) * static_cast<float>(number >> 8) / static_cast<float>(1u << 24);
  }
  return values;
}

void run(benchmark::State& state, const Layer& layer, bool in_blocks) {
  const kernels::Table& table = kernels::active();
  const auto tokens = static_cast<std::size_t>(kTokens), heads = static_cast<std::size_t>(layer.heads);
  const auto keys = static_cast<std::size_t>(layer.key_size), values = static_cast<std::size_t>(layer.value_size);
  const float width = 1.0f / static_cast<float>(layer.key_size);
  std::vector<float> states(heads * keys * values), out(tokens * values),
      scratch(static_cast<std::size_t>(kernels::kBlockScratch));
  const std::vector<float> key = numbers(tokens * keys, -width, width), query = key;
  const std::vector<float> value = numbers(tokens * values, -1, 1), rates = numbers(tokens, 0, 1);
  const std::vector<float> decays = in_blocks ? numbers(tokens, -0.3f, 0) : numbers(tokens, 0.75f, 1);
  kernels::Recurrence call{};
  call.key_size = layer.key_size;
  call.value_size = layer.value_size;
  call.key_stride = layer.key_size;
  call.value_stride = call.out_stride = layer.value_size;
  call.gate_stride = 1;
  call.scale = 1.0f;
  const std::int64_t each = in_blocks ? kernels::kBlockTokens : kTokens;
  call.tokens = each;
  for (auto _ : state) {
    for (std::size_t head = 0; head < heads; ++head) {
      call.state = states.data() + head * keys * values;
      for (std::int64_t first = 0; first < kTokens; first += each) {
        call.keys = key.data() + first * call.key_stride;
        call.queries = query.data() + first * call.key_stride;
        call.values = value.data() + first * call.value_stride;
        call.decays = decays.data() + first;
        call.rates = rates.data() + first;
        call.out = out.data() + first * call.out_stride;
        if (in_blocks) {
          (layer.corrects ? table.delta_rule_block : table.scan_block)({call, scratch.data()});
        } else {
          (layer.corrects ? table.delta_rule : table.scan)(call);
        }
      }
    }
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(kTokens), benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace

void register_recurrences() {
  for (const Layer& layer : kLayers) {
    for (const bool in_blocks : {false, true}) {
      const std::string name = std::string(kernels::active_set()) + (layer.corrects ? "/delta_rule/" : "/scan/") +
                               layer.model + (in_blocks ? "/blocks" : "/tokens");
      benchmark::RegisterBenchmark(name.c_str(),
                                   [&layer, in_blocks](benchmark::State& state) { run(state, layer, in_blocks); })
          ->UseRealTime()
          ->Unit(benchmark::kMicrosecond)
          ->MinTime(0.2);
    }
  }
}

}  // namespace brim::bench
