// The weighted sums of one layer: which entries each token sees, in what pieces threads take the work, and the states of a
// context's parts put together. See kernels/attention.hpp for what a part is.
//
// A task is one KV head and a tile of tokens over their whole context. When that makes too few tasks — a token or a few
// over a long context — a task is one KV head and a few parts, whose states wait in the workspace for the parts before
// them. Either way each row's numbers are the same.
#include "engine/model/attend.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "kernels/dispatch.hpp"
#include "kernels/threads.hpp"

namespace brim::model {
namespace {

using kernels::Attend;
using kernels::AttentionState;
using kernels::kAttentionPart;

constexpr std::int64_t kTasksPerThread = 4;
constexpr std::int64_t kSmallTile = 8;  ///< tokens: for fewer, turning keys would cost more than balance wins
constexpr int kMostRuns = 3;  ///< a layer's entries make one or two stretches, the staged ones another

// One layer's attention, as seen by all tasks of a pass.
class Layer {
 public:
  Layer(const Pass& pass, int layer, const kv::View& view)
      : pass_(pass),
        shape_(pass.config.layers[static_cast<std::size_t>(layer)]),
        view_(view),
        type_(static_cast<std::size_t>(pass.cache.plan().shape.type)),
        // With this the indices of entries follow their positions while nothing is evicted, also where entries that slid
        // out of a window are no longer in the view.
        before_(view.positions().front() % kAttentionPart) {}

  int group() const { return shape_.heads / shape_.kv_heads; }
  int kv_heads() const { return shape_.kv_heads; }
  std::int64_t parts() const { return (before_ + view_.entries() + kAttentionPart - 1) / kAttentionPart; }

  /// By index, as kernels count: view entry + before_.
  kernels::Seen seen_by(std::int64_t token) const noexcept {
    const std::int64_t own = view_.retained() + pass_.first + token;
    if (shape_.window == 0) return {before_, before_ + own + 1};
    const auto positions = view_.positions();
    const std::int64_t oldest = positions[static_cast<std::size_t>(own)] - shape_.window + 1;
    const auto from = std::lower_bound(positions.begin(), positions.begin() + own, oldest);
    return {before_ + (from - positions.begin()), before_ + own + 1};
  }

  /// Where the state of `token`'s rows of a head is, among all rows of the pass.
  AttentionState result(int head, std::int64_t token) const noexcept {
    Workspace& work = pass_.work;
    const std::int64_t row = token * shape_.heads + std::int64_t{head} * group();
    return {work.row_largest.data() + row, work.row_sums.data() + row,
            work.mixed.data() + row * pass_.config.value_size, shape_.heads};
  }

  /// Calls body(call) with everything set but scratch and state, for tokens [token, token + count) and the entries of
  /// `part` that any of them sees; not at all if that is none.
  template <class Body>
  void with_part(int head, std::int64_t token, std::int64_t count, std::int64_t part, Body&& body) const noexcept {
    std::array<kernels::Seen, kAttentionRows> seen;
    for (std::int64_t t = 0; t < count; ++t) seen[static_cast<std::size_t>(t)] = seen_by(token + t);
    const std::int64_t first = std::max(part * kAttentionPart, seen[0].first);
    const std::int64_t end = std::min((part + 1) * kAttentionPart, seen[static_cast<std::size_t>(count - 1)].end);
    if (first >= end) return;
    std::array<kernels::KvRun, kMostRuns> runs;
    std::size_t used = 0;
    for (std::int64_t at = first - before_; at < end - before_; at += runs[used - 1].count) {
      const kv::Stretch stretch = view_.stretch(head, at, end - before_);
      runs[used++] = {stretch.keys, stretch.values, stretch.key_stride, stretch.value_stride, stretch.count};
    }
    Attend call{};
    call.runs = runs.data();
    call.first = first;
    call.end = end;
    call.key_size = pass_.config.key_size;
    call.value_size = pass_.config.value_size;
    call.queries = pass_.work.query.data() + (token * shape_.heads + std::int64_t{head} * group()) * call.key_size;
    call.query_stride = std::int64_t{shape_.heads} * call.key_size;
    call.group = group();
    call.tokens = count;
    call.seen = seen.data();
    call.scale = pass_.config.attention_scale;
    call.soft_cap = pass_.config.attention_soft_cap;
    body(call);
  }

  /// The place in the view of the entry with this index.
  std::int64_t entry(std::int64_t index) const { return index - before_; }

  void attend(const Attend& call) const noexcept { kernels::active().attend[type_](call); }
  void add_mass(const kernels::AttentionMass& call) const noexcept { kernels::active().attention_mass[type_](call); }

 private:
  const Pass& pass_;
  const LayerConfig& shape_;
  const kv::View& view_;
  std::size_t type_;
  std::int64_t before_;
};

// Divides by the sums: what was a state becomes weighted means.
void divide(const AttentionState& state, int group, std::int64_t tokens, int value_size) noexcept {
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (std::int64_t row = t * state.token_stride; row < t * state.token_stride + group; ++row) {
      const float sum = state.sums[row];
      kernels::active().scale(state.out + row * value_size, value_size, sum == 0 ? 0.0f : 1.0f / sum);
    }
  }
}

// One tile of tokens over its whole context.
void attend_tile(const Pass& pass, const Layer& layer, int head, std::int64_t token, std::int64_t count,
                 int worker) noexcept {
  Workspace& work = pass.work;
  const int size = pass.config.value_size;
  const AttentionState result = layer.result(head, token);
  const WorkerScratch scratch = work.worker_scratch(worker);
  const AttentionState later{scratch.largest, scratch.sums, scratch.out, layer.group()};
  bool first = true;
  for (std::int64_t part = 0; part < layer.parts(); ++part) {
    layer.with_part(head, token, count, part, [&](Attend& call) {
      call.scratch = scratch.kernel;
      call.state = first ? result : later;
      layer.attend(call);
      if (!first) kernels::active().merge_attention(result, later, count, layer.group(), size);
      first = false;
    });
  }
  divide(result, layer.group(), count, size);
}

// Tokens that are one tile: parts side by side, then put together.
void attend_in_parts(const Pass& pass, const Layer& layer, std::int64_t parts_in_task) noexcept {
  Workspace& work = pass.work;
  const int size = pass.config.value_size, heads = layer.kv_heads();
  const std::int64_t pieces = (layer.parts() + parts_in_task - 1) / parts_in_task;
  const auto state_of = [&](int head, std::int64_t part) {
    const AttentionState result = layer.result(head, 0);
    if (part == 0) return result;
    const std::int64_t row = (part - 1) * work.split_rows() + (result.largest - work.row_largest.data());
    return AttentionState{work.part_largest.data() + row, work.part_sums.data() + row, work.part_out.data() + row * size,
                          result.token_stride};
  };
  const auto empty = [&](const AttentionState& state) {
    for (std::int64_t t = 0; t < pass.tokens; ++t) {
      const std::int64_t row = t * state.token_stride;
      std::fill_n(state.largest + row, layer.group(), -std::numeric_limits<float>::max());
      std::fill_n(state.sums + row, layer.group(), 0.0f);
      std::fill_n(state.out + row * size, std::int64_t{layer.group()} * size, 0.0f);
    }
  };
  kernels::for_chunks(pass.threads, pieces * heads, [&](std::int64_t task, int worker) noexcept {
    const int head = static_cast<int>(task % heads);
    const std::int64_t first = task / heads * parts_in_task;
    for (std::int64_t part = first; part < std::min(first + parts_in_task, layer.parts()); ++part) {
      const AttentionState state = state_of(head, part);
      bool any = false;
      layer.with_part(head, 0, pass.tokens, part, [&](Attend& call) {
        call.scratch = work.worker_scratch(worker).kernel;
        call.state = state;
        layer.attend(call);
        any = true;
      });
      if (!any) empty(state);
    }
  });
  kernels::for_chunks(pass.threads, heads, [&](std::int64_t head, int) noexcept {
    const AttentionState result = state_of(static_cast<int>(head), 0);
    for (std::int64_t part = 1; part < layer.parts(); ++part) {
      kernels::active().merge_attention(result, state_of(static_cast<int>(head), part), pass.tokens, layer.group(), size);
    }
    divide(result, layer.group(), pass.tokens, size);
  });
}

// What each entry received, from the rows' final states: scores once more. A task is a part of a head's entries, whose sums
// are made in the order of tokens.
void gather_mass(const Pass& pass, const Layer& layer, std::int64_t tile) noexcept {
  Workspace& work = pass.work;
  kernels::for_chunks(pass.threads, layer.parts() * layer.kv_heads(), [&](std::int64_t task, int worker) noexcept {
    const int head = static_cast<int>(task % layer.kv_heads());
    float* mass = work.mass.data() + (head + 1) * work.shape.entries;
    for (std::int64_t token = 0; token < pass.tokens; token += tile) {
      layer.with_part(head, token, std::min(tile, pass.tokens - token), task / layer.kv_heads(), [&](Attend& call) {
        call.scratch = work.worker_scratch(worker).kernel;
        call.state = layer.result(head, token);
        layer.add_mass({call, mass + layer.entry(call.first)});
      });
    }
  });
}

}  // namespace

void attend(const Pass& pass, int layer_index, const kv::View& view) noexcept {
  const Layer layer(pass, layer_index, view);
  const std::int64_t wanted = std::int64_t{pass.threads} * kTasksPerThread, most = attention_tile(layer.group());
  const std::int64_t tiles = (pass.tokens + most - 1) / most;
  if (pass.threads > 1 && pass.tokens <= std::min(kSplitTokens, most) && layer.kv_heads() < wanted && layer.parts() > 1) {
    attend_in_parts(pass, layer, std::max<std::int64_t>(1, layer.parts() * layer.kv_heads() / wanted));
  } else {
    // Smaller tiles where threads would wait for the last one otherwise.
    const std::int64_t enough = (wanted + layer.kv_heads() - 1) / layer.kv_heads();
    const std::int64_t count = std::max(tiles, std::min(enough, (pass.tokens + kSmallTile - 1) / kSmallTile));
    const std::int64_t tile = (pass.tokens + count - 1) / count;
    kernels::for_chunks(pass.threads, layer.kv_heads() * count, [&](std::int64_t task, int worker) noexcept {
      const std::int64_t token = task / layer.kv_heads() * tile;
      if (token >= pass.tokens) return;
      attend_tile(pass, layer, static_cast<int>(task % layer.kv_heads()), token, std::min(tile, pass.tokens - token), worker);
    });
  }
  if (pass.work.shape.attention_mass) gather_mass(pass, layer, most);
}

}  // namespace brim::model
