// Softmax attention with keys and values of its own heads: projections, norms, rotary positions and gates. The order of
// steps, with the KV memory, is attention_steps.cpp.
#include <algorithm>

#include "engine/model/layers/attention_steps.hpp"
#include "engine/model/layers/mixer.hpp"
#include "engine/model/pass.hpp"
#include "kernels/threads.hpp"

namespace brim::model {
namespace {

// Normalises heads, where the model does.
void normalise_heads(const Pass& pass, float* heads, int count, int size, const std::vector<float>& norm) noexcept {
  const Config& config = pass.config;
  const kernels::Table& table = pass.runtime.table;
  if (config.query_key_norm == QueryKeyNorm::whole_row) {
    table.rms_norm(heads, norm.data(), std::int64_t{count} * size, config.norm_epsilon, heads);
  }
  if (config.query_key_norm != QueryKeyNorm::per_head) return;
  for (int head = 0; head < count; ++head) {
    float* x = heads + std::int64_t{head} * size;
    table.rms_norm(x, norm.data(), size, config.norm_epsilon, x);
  }
}

// Where the queries of a tile are projected to: first to the mixer's scratch, where gates come with them.
float* projected_queries(const Pass& tile) noexcept {
  return tile.config.query_gate ? tile.work.mixer.data() : tile.work.query.data();
}

// The values of one token, which may be its keys as they are before norm and rotation.
void prepare_values(const Pass& tile, const LayerConfig& shape, bool from_keys, const float* key,
                    float* value) noexcept {
  if (from_keys) std::copy_n(key, std::int64_t{shape.kv_heads} * shape.value_size, value);
  if (!tile.config.value_norm) return;
  for (int head = 0; head < shape.kv_heads; ++head, value += shape.value_size) {
    tile.runtime.table.rms_norm(value, nullptr, shape.value_size, tile.config.norm_epsilon, value);
  }
}

// Keys, values and, in a unit that is one tile, queries of a tile are computed together.
void project_tile(const Pass& tile, kv::LayerId layer, float* key, float* value, bool queries) noexcept {
  const LayerWeights& weights = tile.weights.layer(layer);
  const float* input = normalised(tile, tile.stream(), weights.attention_norm);
  const bool values = !weights.value.weight.empty();
  if (queries && values) {
    apply(tile, input, {{weights.key, key}, {weights.value, value}, {weights.query, projected_queries(tile)}});
  } else if (queries) {
    apply(tile, input, {{weights.key, key}, {weights.query, projected_queries(tile)}});
  } else if (values) {
    apply(tile, input, {{weights.key, key}, {weights.value, value}});
  } else {
    apply(tile, input, {{weights.key, key}});
  }
  use_inputs(tile, layer, input);
}

// Attention's output times the sigmoid of the gates that came with the queries.
void gate_output(const Pass& tile, kv::LayerId layer) noexcept {
  const int heads = tile.config.layer(layer).heads, size = tile.config.layer(layer).value_size;
  const std::int64_t row = std::int64_t{heads} * size;
  kernels::for_chunks(tile.runtime.threads, tile.tokens, [&](std::int64_t t, int) noexcept {
    float* gate = projected_queries(tile) + t * 2 * row + size;
    for (int head = 0; head < heads; ++head, gate += 2 * size) {
      tile.runtime.table.sigmoid(gate, size);
      tile.runtime.table.multiply_by(tile.work.mixed.data() + t * row + head * size, gate, size);
    }
  });
}

Status read_norms(const TensorFinder& finder, const Config& config, const LayerConfig& shape, LayerWeights& layer) {
  const NormConfig& norms = config.norms;
  if (norms.before) {
    BRIM_ASSIGN(layer.attention_norm, finder.norm("attn_norm", config.embedding, norms.kind));
  }
  if (norms.inside) {
    const std::int64_t width = std::int64_t{shape.heads} * shape.value_size;
    BRIM_ASSIGN(layer.inner_attention_norm, finder.norm("attn_sub_norm", width, norms.kind));
  }
  if (norms.after) {
    BRIM_ASSIGN(layer.post_attention_norm, finder.norm("post_attention_norm", config.embedding, norms.kind));
  }
  return {};
}

// Queries, keys and values in tensors of their own or, with Config::fused_qkv, in one; without keys and values where
// another layer's entries are attended to.
Status read_projections(const TensorFinder& finder, const Config& config, const LayerConfig& shape,
                        LayerWeights& layer) {
  const std::int64_t query_rows = std::int64_t{shape.heads} * shape.key_size;
  const std::int64_t key_rows = std::int64_t{shape.kv_heads} * shape.key_size;
  const std::int64_t value_rows = std::int64_t{shape.kv_heads} * shape.value_size;
  if (config.fused_qkv && finder.has("attn_qkv.weight")) {
    BRIM_ASSIGN(const Linear fused, finder.linear("attn_qkv", config.embedding, query_rows + key_rows + value_rows));
    layer.query = cut(fused, 0, query_rows);
    layer.key = cut(fused, query_rows, key_rows);
    layer.value = cut(fused, query_rows + key_rows, value_rows);
    return {};
  }
  BRIM_ASSIGN(layer.query, finder.linear("attn_q", config.embedding, config.query_gate ? 2 * query_rows : query_rows));
  if (shape.entries_of) return {};
  BRIM_ASSIGN(layer.key, finder.linear("attn_k", config.embedding, key_rows));
  if (config.keys_without_values && !finder.has("attn_v.weight")) return {};
  BRIM_ASSIGN(layer.value, finder.linear("attn_v", config.embedding, value_rows));
  return {};
}

class Attention final : public Mixer, public AttentionSteps {
 public:
  std::string_view name() const override { return "attention"; }
  bool keeps_entries() const override { return true; }
  MixerScratch scratch(const Config& config, const LayerConfig& shape) const override {
    return {config.query_gate ? 2 * std::int64_t{shape.heads} * shape.key_size : 0, 0};
  }

  Status read_weights(const TensorFinder& finder, const Config& config, const LayerConfig& shape,
                      LayerWeights& layer) const override {
    BRIM_TRY(read_norms(finder, config, shape, layer));
    BRIM_TRY(read_projections(finder, config, shape, layer));
    BRIM_ASSIGN(layer.output,
                finder.linear("attn_output", std::int64_t{shape.heads} * shape.value_size, config.embedding));
    if (config.query_key_norm != QueryKeyNorm::none) {
      const bool whole = config.query_key_norm == QueryKeyNorm::whole_row;
      const std::int64_t size = shape.key_size;
      BRIM_ASSIGN(layer.query_norm, finder.vector("attn_q_norm.weight", whole ? shape.heads * size : size));
      if (!shape.entries_of) {
        BRIM_ASSIGN(layer.key_norm, finder.vector("attn_k_norm.weight", whole ? shape.kv_heads * size : size));
      }
    }
    if (config.attention_sinks) {
      BRIM_ASSIGN(layer.sinks, finder.vector("attn_sinks.weight", shape.heads));
    }
    return {};
  }

  void run(const Pass& pass, kv::LayerId layer) const noexcept override { run_attention(pass, layer, *this); }

  void project_inputs(const Pass& unit, kv::LayerId layer) const noexcept override {
    const LayerConfig& shape = unit.config.layer(layer);
    const LayerWeights& weights = unit.weights.layer(layer);
    const bool one_tile = unit.tokens <= kPassTile;
    if (shape.entries_of) {
      if (one_tile) project_queries(unit, layer);
      return;
    }
    const std::int64_t key_row = std::int64_t{shape.kv_heads} * shape.key_size;
    const std::int64_t value_row = std::int64_t{shape.kv_heads} * shape.value_size;
    for_tiles(unit, [&](const Pass& tile) {
      float* keys = unit.work.key.data() + tile.first * key_row;
      float* values = unit.work.value.data() + tile.first * value_row;
      project_tile(tile, layer, keys, values, one_tile);
      kernels::for_chunks(tile.runtime.threads, tile.tokens, [&](std::int64_t t, int) noexcept {
        float* key = keys + t * key_row;
        prepare_values(tile, shape, weights.value.weight.empty(), key, values + t * value_row);
        normalise_heads(tile, key, shape.kv_heads, shape.key_size, weights.key_norm);
        if (rotated_later(tile, layer, tile.first + t)) return;
        rotate_heads(tile, layer, key, shape.kv_heads, tile.first + t);
      });
    });
  }

  void project_queries(const Pass& tile, kv::LayerId layer) const noexcept override {
    const LayerWeights& weights = tile.weights.layer(layer);
    const float* input = normalised(tile, tile.stream(), weights.attention_norm);
    apply(tile, input, {{weights.query, projected_queries(tile)}});
  }

  void prepare_queries(const Pass& tile, kv::LayerId layer) const noexcept override {
    const int heads = tile.config.layer(layer).heads, size = tile.config.layer(layer).key_size;
    const std::int64_t query_row = std::int64_t{heads} * size;
    kernels::for_chunks(tile.runtime.threads, tile.tokens, [&](std::int64_t t, int) noexcept {
      float* query = tile.work.query.data() + t * query_row;
      const std::int64_t row = tile.first + t;
      if (tile.config.query_gate) {
        const float* projected = projected_queries(tile) + t * 2 * query_row;
        for (int head = 0; head < heads; ++head) std::copy_n(projected + 2 * head * size, size, query + head * size);
      }
      normalise_heads(tile, query, heads, size, tile.weights.layer(layer).query_norm);
      rotate_heads(tile, layer, query, heads, row);
      if (tile.work.query_scale.empty()) return;
      tile.runtime.table.scale(query, query_row, tile.work.query_scale[static_cast<std::size_t>(row)]);
    });
  }

  void project_output(const Pass& tile, kv::LayerId layer) const noexcept override {
    if (tile.config.query_gate) gate_output(tile, layer);
    const LayerWeights& weights = tile.weights.layer(layer);
    float* mixed = tile.work.mixed.data();
    if (!weights.inner_attention_norm.empty()) normalise(tile, mixed, weights.inner_attention_norm, mixed);
    apply(tile, mixed, {{weights.output, tile.work.branch.data()}});
  }
};

}  // namespace

const Mixer& attention_mixer() {
  static const Attention attention;
  return attention;
}

}  // namespace brim::model
