// One layer's attention: projections, rotary positions, the KV memory, and the weighted sum over what it holds
// (attend.cpp).
#include <algorithm>

#include "engine/kv/heads.hpp"
#include "engine/model/attend.hpp"
#include "engine/model/pass.hpp"
#include "engine/model/watch.hpp"
#include "kernels/threads.hpp"

namespace brim::model {
namespace {

// Normalises heads (where the model does) and rotates them, for one token of the chunk.
void prepare_heads(const Pass& pass, kv::LayerId layer, float* heads, int count, const std::vector<float>& norm,
                   std::int64_t token) noexcept {
  const Config& config = pass.config;
  const kernels::Table& table = pass.runtime.table;
  const int size = config.key_size;
  if (config.query_key_norm == QueryKeyNorm::whole_row) {
    table.rms_norm(heads, norm.data(), std::int64_t{count} * size, config.norm_epsilon, heads);
  }
  const bool rotated = config.layer(layer).rope;
  const bool windowed = config.layer(layer).window > 0;
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

// Queries of one tile; those of a lone tile are made with its keys already.
void prepare_queries(const Pass& tile, kv::LayerId layer, bool made) noexcept {
  const LayerConfig& shape = tile.config.layer(layer);
  const LayerWeights& weights = tile.weights.layer(layer);
  Workspace& work = tile.work;
  const std::int64_t query_row = std::int64_t{shape.heads} * tile.config.key_size;
  if (!made) {
    normalise(tile, tile.stream(), weights.attention_norm, work.normed.data());
    apply(tile, work.normed.data(), {{weights.query, work.query.data()}});
  }
  kernels::for_chunks(tile.runtime.threads, tile.tokens, [&](std::int64_t t, int) noexcept {
    prepare_heads(tile, layer, work.query.data() + t * query_row, shape.heads, weights.query_norm, tile.first + t);
  });
}

// Attention's output, projected; it joins the stream in add_branch.
void project(const Pass& tile, kv::LayerId layer) noexcept {
  const LayerWeights& weights = tile.weights.layer(layer);
  apply(tile, tile.work.mixed.data(), {{weights.output, tile.work.branch.data()}});
  if (tile.observer == nullptr) return;
  const auto values = static_cast<std::size_t>(tile.tokens * tile.config.embedding);
  (*tile.observer)(layer, tile.first, {tile.work.branch.data(), values});
}

// All heads of the layer share the entries of one stream.
void attend_together(const Pass& pass, kv::LayerId layer, kv::StreamId stream, const kv::TokenRows& rows) noexcept {
  const LayerWeights& weights = pass.weights.layer(layer);
  pass.chunk.stage(stream, rows);
  const kv::View view = pass.chunk.view(stream);
  Watch watch(pass, stream, view);
  for_tiles(pass, [&](const Pass& tile) {
    prepare_queries(tile, layer, pass.tokens <= kPassTile);
    attend(tile, stream, view);
    watch.after_attention(tile);
    project(tile, layer);
    watch.before_branch(tile);
    add_branch(tile, weights.post_attention_norm);
    watch.after_branch(tile);
  });
  watch.finish();
  pass.chunk.commit(stream);
}

// Each KV head has entries of its own. The chunk is a lone tile (kv::heads_apart), as staging holds one head at a time.
void attend_by_head(const Pass& tile, kv::LayerId layer, kv::IdRange<kv::StreamId> streams, const kv::TokenRows& rows) noexcept {
  prepare_queries(tile, layer, true);
  for (const kv::StreamId stream : streams) {
    const int head = tile.memory.plan().shape.place(stream).head;
    const float* key = rows.keys + std::int64_t{head} * tile.config.key_size;
    const float* value = rows.values + std::int64_t{head} * tile.config.value_size;
    tile.chunk.stage(stream, {key, value, rows.key_stride, rows.value_stride});
    const kv::View view = tile.chunk.view(stream);
    Watch watch(tile, stream, view);
    attend(tile, stream, view);
    watch.after_attention(tile);
    watch.finish();
    tile.chunk.commit(stream);
  }
  project(tile, layer);
  add_branch(tile, tile.weights.layer(layer).post_attention_norm);
}

}  // namespace

void attention(const Pass& pass, kv::LayerId layer) noexcept {
  const Config& config = pass.config;
  const LayerConfig& shape = config.layer(layer);
  const LayerWeights& weights = pass.weights.layer(layer);
  Workspace& work = pass.work;
  const std::int64_t key_row = std::int64_t{shape.kv_heads} * config.key_size;
  const std::int64_t value_row = std::int64_t{shape.kv_heads} * config.value_size;

  // The queries of a tile wait until all keys are there; those of a lone tile, as in decoding, are made with its keys.
  for_tiles(pass, [&](const Pass& tile) {
    float* key = work.key.data() + tile.first * key_row;
    float* value = work.value.data() + tile.first * value_row;
    normalise(tile, tile.stream(), weights.attention_norm, work.normed.data());
    if (pass.tokens <= kPassTile) {
      apply(tile, work.normed.data(), {{weights.key, key}, {weights.value, value}, {weights.query, work.query.data()}});
    } else {
      apply(tile, work.normed.data(), {{weights.key, key}, {weights.value, value}});
    }
    kernels::for_chunks(tile.runtime.threads, tile.tokens, [&](std::int64_t t, int) noexcept {
      prepare_heads(tile, layer, key + t * key_row, shape.kv_heads, weights.key_norm, tile.first + t);
    });
  });
  const kv::TokenRows rows{work.key.data(), work.value.data(), key_row, value_row};
  const kv::IdRange<kv::StreamId> streams = kv::streams_of(pass.memory.plan().shape, layer);
  if (streams.size() == 1) {
    attend_together(pass, layer, streams.front(), rows);
  } else {
    attend_by_head(pass, layer, streams, rows);
  }
}

}  // namespace brim::model
