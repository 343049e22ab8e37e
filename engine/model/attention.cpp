// One layer's attention: projections, rotary positions, the cache, and the weighted sum over what the cache holds
// (attend.cpp).
#include <algorithm>

#include "engine/model/attend.hpp"
#include "engine/model/pass.hpp"
#include "engine/model/watch.hpp"
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

}  // namespace

void attention(const Pass& pass, int layer) noexcept {
  const Config& config = pass.config;
  const LayerConfig& shape = config.layers[static_cast<std::size_t>(layer)];
  const LayerWeights& weights = pass.weights.layers[static_cast<std::size_t>(layer)];
  Workspace& work = pass.work;
  const std::int64_t query_row = std::int64_t{shape.heads} * config.key_size;
  const std::int64_t key_row = std::int64_t{shape.kv_heads} * config.key_size;
  const std::int64_t value_row = std::int64_t{shape.kv_heads} * config.value_size;

  // The queries of a tile wait until all keys are there; those of a lone tile, as in decoding, are made with its keys.
  const bool lone_tile = pass.tokens <= kPassTile;
  for_tiles(pass, [&](const Pass& tile) {
    float* key = work.key.data() + tile.first * key_row;
    float* value = work.value.data() + tile.first * value_row;
    normalise(tile, tile.stream(), weights.attention_norm, work.normed.data());
    if (lone_tile) {
      apply(tile, work.normed.data(), {{weights.key, key}, {weights.value, value}, {weights.query, work.query.data()}});
    } else {
      apply(tile, work.normed.data(), {{weights.key, key}, {weights.value, value}});
    }
    kernels::for_chunks(tile.threads, tile.tokens, [&](std::int64_t t, int) noexcept {
      prepare_heads(tile, layer, key + t * key_row, shape.kv_heads, weights.key_norm, tile.first + t);
    });
  });
  pass.cache.stage(layer, work.key.data(), work.value.data());
  const kv::View view = pass.cache.view(layer);
  Watch watch(pass, layer, view);
  for_tiles(pass, [&](const Pass& tile) {
    if (!lone_tile) {
      normalise(tile, tile.stream(), weights.attention_norm, work.normed.data());
      apply(tile, work.normed.data(), {{weights.query, work.query.data()}});
    }
    kernels::for_chunks(tile.threads, tile.tokens, [&](std::int64_t t, int) noexcept {
      prepare_heads(tile, layer, work.query.data() + t * query_row, shape.heads, weights.query_norm, tile.first + t);
    });
    attend(tile, layer, view);
    watch.after_attention(tile);
    apply(tile, work.mixed.data(), {{weights.output, work.branch.data()}});
    if (tile.observer != nullptr) {
      (*tile.observer)(layer, tile.first,
                       {work.branch.data(), static_cast<std::size_t>(tile.tokens * config.embedding)});
    }
    watch.before_branch(tile);
    add_branch(tile, weights.post_attention_norm);
    watch.after_branch(tile);
  });
  watch.finish();
  pass.cache.commit(layer);
}

}  // namespace brim::model
