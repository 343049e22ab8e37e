// The weighted sums of one layer: which entries each token sees, how the work is divided between threads, and how the
// states of a context's ranges are combined. See kernels/attention.hpp for what a range is.
//
// A task is one KV head and a tile of tokens over their whole context. When that gives too few tasks (one or a few
// tokens over a long context), a task is one KV head and a few ranges, whose states wait in the workspace for the ranges
// before them. In both cases each row's numbers are the same.
#include "engine/model/attend.hpp"

#include <algorithm>
#include <limits>

#include "engine/model/layer_attention.hpp"
#include "kernels/threads.hpp"

namespace brim::model {
namespace {

using kernels::Attend;
using kernels::AttentionState;

constexpr std::int64_t kTasksPerThread = 4;
constexpr std::int64_t kSmallTile = 8;  ///< tokens: for fewer, transposing keys would cost more than balance gains

// Divides by the sums: the states become weighted means.
void divide(const kernels::Table& table, const AttentionState& state, int group, std::int64_t tokens,
            int value_size) noexcept {
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (std::int64_t row = t * state.token_stride; row < t * state.token_stride + group; ++row) {
      const float sum = state.sums[row];
      table.scale(state.out + row * value_size, value_size, sum == 0 ? 0.0f : 1.0f / sum);
    }
  }
}

// One tile of tokens over its whole context.
void attend_tile(const Pass& pass, const LayerAttention& layer, int head, std::int64_t token, std::int64_t count,
                 int worker) noexcept {
  Workspace& work = pass.work;
  const int size = pass.config.value_size;
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
  divide(pass.runtime.table, result, layer.group(), count, size);
}

// Tokens that form one tile: ranges side by side, then combined.
void attend_in_ranges(const Pass& pass, const LayerAttention& layer, std::int64_t ranges_in_task) noexcept {
  const std::int64_t tokens = layer.tokens();
  Workspace& work = pass.work;
  const int size = pass.config.value_size, heads = layer.kv_heads();
  const std::int64_t pieces = (layer.ranges() + ranges_in_task - 1) / ranges_in_task;
  const auto state_of = [&](int head, std::int64_t range) {
    const AttentionState result = layer.result(head, 0);
    if (range == 0) return result;
    const std::int64_t row = (range - 1) * work.split_rows() + (result.largest - layer.result(0, 0).largest);
    return AttentionState{work.range_largest.data() + row, work.range_sums.data() + row,
                          work.range_out.data() + row * size, result.token_stride};
  };
  const auto empty = [&](const AttentionState& state) {
    for (std::int64_t t = 0; t < tokens; ++t) {
      const std::int64_t row = t * state.token_stride;
      std::fill_n(state.largest + row, layer.group(), -std::numeric_limits<float>::max());
      std::fill_n(state.sums + row, layer.group(), 0.0f);
      std::fill_n(state.out + row * size, std::int64_t{layer.group()} * size, 0.0f);
    }
  };
  kernels::for_chunks(pass.runtime.threads, pieces * heads, [&](std::int64_t task, int worker) noexcept {
    const int head = static_cast<int>(task % heads);
    const std::int64_t first = task / heads * ranges_in_task;
    for (std::int64_t range = first; range < std::min(first + ranges_in_task, layer.ranges()) && !pass.cancelled();
         ++range) {
      const AttentionState state = state_of(head, range);
      bool any = false;
      layer.with_range(head, 0, tokens, range, [&](Attend& call) {
        call.scratch = work.worker_scratch(worker).kernel;
        call.state = state;
        layer.attend(call);
        any = true;
      });
      if (!any) empty(state);
    }
  });
  kernels::for_chunks(pass.runtime.threads, heads, [&](std::int64_t head, int) noexcept {
    const AttentionState result = state_of(static_cast<int>(head), 0);
    for (std::int64_t range = 1; range < layer.ranges(); ++range) {
      pass.runtime.table.merge_attention(result, state_of(static_cast<int>(head), range), tokens, layer.group(), size);
    }
    divide(pass.runtime.table, result, layer.group(), tokens, size);
  });
}

}  // namespace

void attend(const Pass& pass, const Segment& segment, kv::StreamId stream, const kv::View& view) noexcept {
  if (reads_sparsely(segment, stream, view)) choose_what_to_read(pass, segment, stream, view);
  const LayerAttention layer(pass, segment, stream, view);
  const std::int64_t tokens = layer.tokens();
  const std::int64_t wanted = std::int64_t{pass.runtime.threads.count} * kTasksPerThread,
                     max = attention_tile(layer.group());
  const std::int64_t tiles = (tokens + max - 1) / max;
  if (pass.runtime.threads.count > 1 && tokens <= std::min(kSplitTokens, max) && layer.kv_heads() < wanted &&
      layer.ranges() > 1) {
    attend_in_ranges(pass, layer, std::max<std::int64_t>(1, layer.ranges() * layer.kv_heads() / wanted));
  } else {
    // Smaller tiles where threads would wait for the last one otherwise.
    const std::int64_t enough = (wanted + layer.kv_heads() - 1) / layer.kv_heads();
    const std::int64_t count = std::max(tiles, std::min(enough, (tokens + kSmallTile - 1) / kSmallTile));
    const std::int64_t tile = (tokens + count - 1) / count;
    kernels::for_chunks(pass.runtime.threads, layer.kv_heads() * count, [&](std::int64_t task, int worker) noexcept {
      const std::int64_t token = task / layer.kv_heads() * tile;
      if (token >= tokens) return;
      attend_tile(pass, layer, static_cast<int>(task % layer.kv_heads()), token, std::min(tile, tokens - token),
                  worker);
    });
  }
}

}  // namespace brim::model
