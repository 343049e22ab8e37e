// The weighted sums of one layer: which entries each token sees, how the work is divided between threads, and how the
// states of a context's ranges are combined. See kernels/attention.hpp for what a range is.
//
// A task is one KV head of a segment and a tile of its tokens over their whole context. When that gives too few tasks
// (one or a few tokens over a long context), a task is one KV head and a few ranges, whose states wait in the workspace
// for the ranges before them. In both cases each row's numbers are the same.
#include "engine/model/attend.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "engine/model/layer_attention.hpp"
#include "kernels/threads.hpp"

namespace brim::model {
namespace {

using kernels::Attend;
using kernels::AttentionState;

constexpr std::int64_t kTasksPerThread = 4;
constexpr std::int64_t kSmallTile = 8;  ///< tokens: for fewer, transposing keys would cost more than balance gains

// Adds a score without a value to a row's state.
void add_sink(const kernels::Table& table, const AttentionState& state, std::int64_t row, float sink,
              int value_size) noexcept {
  float &largest = state.largest[row], &sum = state.sums[row];
  if (!(sink > largest)) {
    sum += static_cast<float>(std::exp(double{sink} - double{largest}));
    return;
  }
  const auto factor = static_cast<float>(std::exp(double{largest} - double{sink}));
  table.scale(state.out + row * value_size, value_size, factor);
  sum = sum * factor + 1.0f;
  largest = sink;
}

// Adds the sinks where there are any, and divides by the sums: the states of `tokens` tokens from the tile's token
// `first` on become weighted means.
void finish(const kernels::Table& table, const LayerAttention& layer, int head, std::int64_t first, std::int64_t tokens,
            int value_size) noexcept {
  const AttentionState state = layer.result(head, first);
  const float* sinks = layer.sinks(head);
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (int g = 0; g < layer.group(); ++g) {
      const std::int64_t row = t * state.token_stride + g;
      if (sinks != nullptr) add_sink(table, state, row, sinks[g], value_size);
      const float sum = state.sums[row];
      table.scale(state.out + row * value_size, value_size, sum == 0 ? 0.0f : 1.0f / sum);
    }
  }
}

// One tile of tokens over its whole context.
void attend_tile(const Pass& pass, const LayerAttention& layer, int head, std::int64_t token, std::int64_t count,
                 int worker) noexcept {
  Workspace& work = pass.work;
  const int size = layer.value_size();
  const AttentionState result = layer.result(head, token);
  const WorkerScratch scratch = work.worker_scratch(worker);
  const AttentionState later{scratch.largest, scratch.sums, scratch.out, layer.group()};
  bool first = true;
  for (std::int64_t range = 0; range < layer.ranges() && !pass.cancelled(); ++range) {
    layer.with_range(head, token, count, range, [&](Attend& call) {
      call.scratch = scratch.kernel;
      call.state = first ? result : later;
      layer.attend(call);
      if (!first) pass.runtime.table.merge_attention(result, later, count, layer.group(), size);
      first = false;
    });
  }
  finish(pass.runtime.table, layer, head, token, count, size);
}

// The streams of one call and their tasks, which are numbered through: those of the first stream, then those of the
// second, and so on; of a stream its KV heads side by side, step by step.
class Tasks {
 public:
  struct Task {
    const LayerAttention& layer;
    int head;
    std::int64_t step;
  };

  Tasks(const Pass& tile, std::span<const Attended> streams) noexcept : count_(streams.size()) {
    for (std::size_t i = 0; i < count_; ++i) {
      layers_[i].emplace(tile, *streams[i].segment, streams[i].stream, *streams[i].view);
    }
  }
  std::size_t streams() const noexcept { return count_; }
  const LayerAttention& layer(std::size_t stream) const noexcept { return *layers_[stream]; }
  /// Sum or maximum over the streams.
  template <class Value>
  std::int64_t sum(Value&& value) const noexcept {
    std::int64_t total = 0;
    for (std::size_t i = 0; i < count_; ++i) total += value(*layers_[i]);
    return total;
  }
  template <class Value>
  std::int64_t max(Value&& value) const noexcept {
    std::int64_t max = 0;
    for (std::size_t i = 0; i < count_; ++i) max = std::max<std::int64_t>(max, value(*layers_[i]));
    return max;
  }

  /// Runs body(task, worker) for every KV head and each of the steps(layer) of its stream, on all threads.
  template <class Steps, class Body>
  void run(const kernels::Threads& threads, Steps&& steps, Body&& body) const noexcept {
    std::array<std::int64_t, kMaxSequences + 1> first{};
    for (std::size_t i = 0; i < count_; ++i) first[i + 1] = first[i] + steps(*layers_[i]) * layers_[i]->kv_heads();
    kernels::for_chunks(threads, first[count_], [&](std::int64_t number, int worker) noexcept {
      std::size_t stream = 0;
      while (number >= first[stream + 1]) ++stream;
      const LayerAttention& layer = *layers_[stream];
      const std::int64_t own = number - first[stream];
      body(Task{layer, static_cast<int>(own % layer.kv_heads()), own / layer.kv_heads()}, worker);
    });
  }

 private:
  std::array<std::optional<LayerAttention>, kMaxSequences> layers_;
  std::size_t count_;
};

std::int64_t kv_heads_of(const LayerAttention& layer) noexcept { return layer.kv_heads(); }

// Tokens that form one tile for each stream: ranges side by side, then combined.
void attend_in_ranges(const Pass& pass, const Tasks& tasks, std::int64_t ranges_in_task) noexcept {
  Workspace& work = pass.work;
  const int size = tasks.layer(0).value_size();
  const float* const begin = tasks.layer(0).result(0, 0).largest;
  const auto state_of = [&](const LayerAttention& layer, int head, std::int64_t range) {
    const AttentionState result = layer.result(head, 0);
    if (range == 0) return result;
    const std::int64_t row = (range - 1) * work.split_rows() + (result.largest - begin);
    return AttentionState{work.range_largest.data() + row, work.range_sums.data() + row,
                          work.range_out.data() + row * size, result.token_stride};
  };
  const auto empty = [&](const LayerAttention& layer, const AttentionState& state) {
    for (std::int64_t t = 0; t < layer.tokens(); ++t) {
      const std::int64_t row = t * state.token_stride;
      std::fill_n(state.largest + row, layer.group(), -std::numeric_limits<float>::max());
      std::fill_n(state.sums + row, layer.group(), 0.0f);
      std::fill_n(state.out + row * size, std::int64_t{layer.group()} * size, 0.0f);
    }
  };
  const auto pieces = [&](const LayerAttention& layer) {
    return (layer.ranges() + ranges_in_task - 1) / ranges_in_task;
  };
  tasks.run(pass.runtime.threads, pieces, [&](const Tasks::Task& task, int worker) noexcept {
    const auto& [layer, head, step] = task;
    const std::int64_t first = step * ranges_in_task;
    for (std::int64_t range = first; range < std::min(first + ranges_in_task, layer.ranges()) && !pass.cancelled();
         ++range) {
      const AttentionState state = state_of(layer, head, range);
      bool any = false;
      layer.with_range(head, 0, layer.tokens(), range, [&](Attend& call) {
        call.scratch = work.worker_scratch(worker).kernel;
        call.state = state;
        task.layer.attend(call);
        any = true;
      });
      if (!any) empty(layer, state);
    }
  });
  const auto once = [](const LayerAttention&) { return std::int64_t{1}; };
  tasks.run(pass.runtime.threads, once, [&](const Tasks::Task& task, int) noexcept {
    const auto& [layer, head, step] = task;
    const AttentionState result = state_of(layer, head, 0);
    for (std::int64_t range = 1; range < layer.ranges(); ++range) {
      pass.runtime.table.merge_attention(result, state_of(layer, head, range), layer.tokens(), layer.group(), size);
    }
    finish(pass.runtime.table, layer, head, 0, layer.tokens(), size);
  });
}

// Tokens in tiles over their whole context; smaller ones where threads would wait for the last one otherwise.
void attend_tasks_in_tiles(const Pass& pass, const Tasks& tasks, std::int64_t wanted) noexcept {
  const std::int64_t heads = tasks.sum(kv_heads_of), enough = (wanted + heads - 1) / heads;
  const auto count = [&](const LayerAttention& layer) {
    const std::int64_t tokens = layer.tokens(), max = attention_tile(layer.group());
    return std::max((tokens + max - 1) / max, std::min(enough, (tokens + kSmallTile - 1) / kSmallTile));
  };
  tasks.run(pass.runtime.threads, count, [&](const Tasks::Task& task, int worker) noexcept {
    const std::int64_t tokens = task.layer.tokens(), tile = (tokens + count(task.layer) - 1) / count(task.layer);
    const std::int64_t token = task.step * tile;
    if (token >= tokens) return;
    attend_tile(pass, task.layer, task.head, token, std::min(tile, tokens - token), worker);
  });
}

// Whether each stream's tokens form one tile, and the rows of all of them have room in range_largest.
bool fit_in_ranges(const Pass& pass, std::span<const Attended> streams, const Tasks& tasks) noexcept {
  for (std::size_t i = 0; i < tasks.streams(); ++i) {
    if (tasks.layer(i).tokens() > attention_tile(tasks.layer(i).group())) return false;
  }
  const CommonRows first(pass, *streams.front().segment), last(pass, *streams.back().segment);
  return last.row + last.tokens - first.row <= kSplitTokens;
}

}  // namespace

void attend(const Pass& pass, std::span<const Attended> streams) noexcept {
  const Attended& one = streams.front();
  if (reads_sparsely(*one.segment, one.stream, *one.view)) {
    choose_what_to_read(pass, *one.segment, one.stream, *one.view);
  }
  const Tasks tasks(pass, streams);
  const std::int64_t wanted = std::int64_t{pass.runtime.threads.count} * kTasksPerThread;
  const auto ranges = [](const LayerAttention& layer) { return layer.ranges(); };
  if (pass.runtime.threads.count > 1 && tasks.sum(kv_heads_of) < wanted && tasks.max(ranges) > 1 &&
      fit_in_ranges(pass, streams, tasks)) {
    const std::int64_t all = tasks.sum([](const LayerAttention& layer) { return layer.ranges() * layer.kv_heads(); });
    attend_in_ranges(pass, tasks, std::max<std::int64_t>(1, all / wanted));
  } else {
    attend_tasks_in_tiles(pass, tasks, wanted);
  }
}

}  // namespace brim::model
