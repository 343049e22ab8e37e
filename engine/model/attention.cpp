// One layer's attention: projections, rotary positions, the cache, and the weighted sum over what the cache holds.
// Scores of a row are materialised per thread; a row is one token and one query head.
#include <algorithm>

#include "engine/model/pass.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/threads.hpp"

namespace brim::model {
namespace {

// Normalises heads (where the model does) and rotates them, for one token of the chunk.
void prepare_heads(const Pass& pass, int layer, float* heads, int count, const std::vector<float>& norm,
                   std::int64_t token) noexcept {
  const Config& config = pass.config;
  const kernels::Table& table = kernels::active();
  const int size = config.key_size;
  if (config.query_key_norm == QueryKeyNorm::whole_row) {
    table.rms_norm(heads, norm.data(), std::int64_t{count} * size, config.norm_epsilon, heads);
  }
  const bool rotated = config.layers[static_cast<std::size_t>(layer)].rope;
  const bool windowed = config.layers[static_cast<std::size_t>(layer)].window > 0;
  const std::int64_t pairs = pass.rope.pairs();
  const std::int64_t row = (windowed ? pass.work.shape.chunk : 0) + token;
  const float* cosines = pass.work.cosines.data() + row * pairs;
  const float* sines = pass.work.sines.data() + row * pairs;
  const auto rotate = config.rope.pairs == RopePairs::halves ? table.rope_neox : table.rope_interleaved;
  for (int head = 0; head < count; ++head) {
    float* x = heads + std::int64_t{head} * size;
    if (config.query_key_norm == QueryKeyNorm::per_head) table.rms_norm(x, norm.data(), size, config.norm_epsilon, x);
    if (rotated) rotate(x, config.rope.dimensions, cosines, sines);
  }
}

// The entries a token sees: [first, end) in the view's order.
struct Visible {
  std::int64_t first;
  std::int64_t end;
};

Visible visible_to(const kv::View& view, std::int64_t token, std::int64_t window) noexcept {
  const std::int64_t own = view.retained() + token;
  if (window == 0) return {0, own + 1};
  const auto positions = view.positions();
  const std::int64_t oldest = positions[static_cast<std::size_t>(own)] - window + 1;
  const auto from = std::lower_bound(positions.begin(), positions.begin() + own, oldest);
  return {from - positions.begin(), own + 1};
}

// Calls body(stretch, first, end) for the stretches of one head over entries [first, end).
template <class Body>
void for_stretches(const kv::View& view, int head, std::int64_t first, std::int64_t end, Body&& body) noexcept {
  while (first < end) {
    const kv::Stretch stretch = view.stretch(head, first, end);
    body(stretch, first, first + stretch.count);
    first += stretch.count;
  }
}

// Attention of tokens [token, last) of the pass over one KV head: scores, softmax, weighted values.
void attend_tokens(const Pass& pass, int layer, const kv::View& view, int head, std::int64_t token, std::int64_t last,
                 int worker) noexcept {
  const Config& config = pass.config;
  const LayerConfig& shape = config.layers[static_cast<std::size_t>(layer)];
  const kernels::Table& table = kernels::active();
  const std::size_t type = static_cast<std::size_t>(pass.cache.plan().shape.type);
  const int group = shape.heads / shape.kv_heads;
  const std::int64_t entries = pass.work.shape.entries;
  const std::int64_t worker_scores = static_cast<std::int64_t>(pass.work.scores.size()) / pass.work.shape.threads;
  float* const scores = pass.work.scores.data() + worker * worker_scores;

  Visible seen[kTokenTile] = {};
  const std::int64_t count = last - token;
  for (std::int64_t i = 0; i < count; ++i) seen[i] = visible_to(view, pass.first + token + i, shape.window);
  // Windows only move forward, so the tile's first token sees furthest back and its last token furthest ahead.
  const std::int64_t tile_first = seen[0].first, tile_end = seen[count - 1].end;

  for_stretches(view, head, tile_first, tile_end, [&](const kv::Stretch& stretch, std::int64_t from, std::int64_t to) {
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t first = std::max(from, seen[i].first), end = std::min(to, seen[i].end);
      if (first >= end) continue;
      kernels::KeyScores call;
      call.keys = stretch.keys + static_cast<std::size_t>(first - from) * stretch.key_stride;
      call.stride = stretch.key_stride;
      call.count = end - first;
      call.head_size = config.key_size;
      call.queries = pass.work.query.data() + ((token + i) * shape.heads + std::int64_t{head} * group) * config.key_size;
      call.query_stride = config.key_size;
      call.query_count = group;
      call.scores = scores + i * group * entries + (first - tile_first);
      call.score_stride = entries;
      table.key_scores[type](call);
    }
  });

  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t size = seen[i].end - seen[i].first;
    for (int g = 0; g < group; ++g) {
      float* row = scores + (i * group + g) * entries + (seen[i].first - tile_first);
      table.scale(row, size, config.attention_scale);
      if (config.attention_soft_cap > 0) table.soft_cap(row, size, config.attention_soft_cap);
      table.softmax(row, size);
      if (pass.work.shape.attention_mass) {
        float* mass = pass.work.mass.data() + (head + 1) * entries + seen[i].first;
        table.add_scaled(mass, row, size, 1.0f);
      }
    }
    float* out = pass.work.mixed.data() + ((token + i) * shape.heads + std::int64_t{head} * group) * config.value_size;
    std::fill_n(out, std::int64_t{group} * config.value_size, 0.0f);
  }

  for_stretches(view, head, tile_first, tile_end, [&](const kv::Stretch& stretch, std::int64_t from, std::int64_t to) {
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t first = std::max(from, seen[i].first), end = std::min(to, seen[i].end);
      if (first >= end) continue;
      kernels::ValueMix call;
      call.values = stretch.values + static_cast<std::size_t>(first - from) * stretch.value_stride;
      call.stride = stretch.value_stride;
      call.count = end - first;
      call.head_size = config.value_size;
      call.weights = scores + i * group * entries + (first - tile_first);
      call.weight_stride = entries;
      call.query_count = group;
      call.out = pass.work.mixed.data() + ((token + i) * shape.heads + std::int64_t{head} * group) * config.value_size;
      call.out_stride = config.value_size;
      table.value_mix[type](call);
    }
  });
}

// All heads and tokens of the pass. When a rule wants attention mass, a head's tokens run in one task, so that sums are
// made in one order whatever the number of threads.
void attend(const Pass& pass, int layer, const kv::View& view) noexcept {
  const int kv_heads = pass.config.layers[static_cast<std::size_t>(layer)].kv_heads;
  const std::int64_t tiles = (pass.tokens + kTokenTile - 1) / kTokenTile;
  const bool whole_heads = pass.work.shape.attention_mass;
  const std::int64_t tasks = whole_heads ? kv_heads : kv_heads * tiles;
  kernels::for_chunks(pass.threads, tasks, [&](std::int64_t task, int worker) noexcept {
    const int head = static_cast<int>(whole_heads ? task : task % kv_heads);
    const std::int64_t first = whole_heads ? 0 : task / kv_heads, last = whole_heads ? tiles : first + 1;
    for (std::int64_t tile = first; tile < last; ++tile) {
      attend_tokens(pass, layer, view, head, tile * kTokenTile, std::min(pass.tokens, (tile + 1) * kTokenTile), worker);
    }
  });
}

// Hands the cache what each entry received from the whole chunk, summed over heads.
void give_mass(const Pass& pass, int layer, const kv::View& view) noexcept {
  const std::int64_t entries = pass.work.shape.entries;
  float* mass = pass.work.mass.data();
  for (int head = 0; head < pass.config.layers[static_cast<std::size_t>(layer)].kv_heads; ++head) {
    kernels::active().add_scaled(mass, mass + (head + 1) * entries, view.entries(), 1.0f);
  }
  pass.cache.add_mass(layer, {mass, static_cast<std::size_t>(view.entries())});
}

}  // namespace

void attention(const Pass& pass, int layer) noexcept {
  const Config& config = pass.config;
  const LayerConfig& shape = config.layers[static_cast<std::size_t>(layer)];
  const LayerWeights& weights = pass.weights.layers[static_cast<std::size_t>(layer)];
  Workspace& work = pass.work;
  const std::int64_t query_row = std::int64_t{shape.heads} * config.key_size;
  const std::int64_t key_row = std::int64_t{shape.kv_heads} * config.key_size;
  const std::int64_t value_row = std::int64_t{shape.kv_heads} * config.value_size;

  for_tiles(pass, [&](const Pass& tile) {
    float* key = work.key.data() + tile.first * key_row;
    normalise(tile, tile.stream(), weights.attention_norm, work.normed.data());
    apply(tile, work.normed.data(), {{weights.key, key}, {weights.value, work.value.data() + tile.first * value_row}});
    kernels::for_chunks(tile.threads, tile.tokens, [&](std::int64_t t, int) noexcept {
      prepare_heads(tile, layer, key + t * key_row, shape.kv_heads, weights.key_norm, tile.first + t);
    });
  });
  pass.cache.stage(layer, work.key.data(), work.value.data());
  const kv::View view = pass.cache.view(layer);
  if (work.shape.attention_mass) std::fill(work.mass.begin(), work.mass.end(), 0.0f);
  for_tiles(pass, [&](const Pass& tile) {
    // With one tile the normed rows are still there.
    if (tile.tokens < pass.tokens) normalise(tile, tile.stream(), weights.attention_norm, work.normed.data());
    apply(tile, work.normed.data(), {{weights.query, work.query.data()}});
    kernels::for_chunks(tile.threads, tile.tokens, [&](std::int64_t t, int) noexcept {
      prepare_heads(tile, layer, work.query.data() + t * query_row, shape.heads, weights.query_norm, tile.first + t);
    });
    attend(tile, layer, view);
    apply(tile, work.mixed.data(), {{weights.output, work.branch.data()}});
    add_branch(tile, weights.post_attention_norm);
  });
  if (work.shape.attention_mass) give_mass(pass, layer, view);
  pass.cache.commit(layer);
}

}  // namespace brim::model
