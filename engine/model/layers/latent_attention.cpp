// Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, §2.1). A token's keys and values of all heads follow from
// one latent vector and one rotated vector, and only these two are kept: one KV head, whose values are the latent
// vector, the first part of its key. A head's key would be (K·latent, rotated) and its value V·latent; in their place
// queries are multiplied by the transpose of K before attention, and its output by V behind it ("absorbed").
#include "engine/model/layers/latent_attention.hpp"

#include <algorithm>

#include "engine/model/layers/attention_steps.hpp"
#include "engine/model/layers/mixer.hpp"
#include "kernels/multiply.hpp"
#include "kernels/threads.hpp"
#include "quant/row.hpp"

namespace brim::model {
namespace {

/// A tile's buffers, cut from the mixer's scratch: queries as they are projected and, before them, what they are
/// projected from; behind attention, the heads' values in their place.
struct LatentRows {
  LatentRows(const Pass& tile, const LayerConfig& shape) noexcept
      : query_row(query_values(tile.config, shape)),
        queries(tile.work.mixer.data()),
        latent_queries(queries + query_row * tile.tokens),
        value_row(std::int64_t{shape.heads} * tile.config.latent.value_size),
        values(queries) {}
  /// Of all heads.
  static std::int64_t query_values(const Config& config, const LayerConfig& shape) {
    return std::int64_t{shape.heads} * (config.latent.plain_size + config.rope.dimensions);
  }

  std::int64_t query_row;
  float* queries;         ///< [query_row]
  float* latent_queries;  ///< [query_size]
  std::int64_t value_row;
  float* values;  ///< [value_row]
};

// The transposed matrix of a head's keys: [latent][plain_size].
quant::Matrix key_matrix(const Config& config, const LayerWeights& weights, int head) noexcept {
  if (!weights.latent_keys.empty()) return weights.latent_keys[static_cast<std::size_t>(head)];
  const std::int64_t rows = config.rope.first, cols = config.latent.plain_size;
  const float* values = weights.unpacked_keys.data() + head * rows * cols;
  return {quant::Format::f32, reinterpret_cast<const std::byte*>(values), rows, cols,
          static_cast<std::size_t>(cols) * sizeof(float)};
}

void multiply_rows(const Pass& tile, const quant::Matrix& matrix, const float* x, std::int64_t x_stride, float* out,
                   std::int64_t out_stride) noexcept {
  kernels::multiply(tile.runtime, matrix, x, x_stride, tile.tokens, out, out_stride, tile.work.product.data(),
                    tile.cancel, tile.roles);
}

class LatentAttention final : public Mixer, public AttentionSteps {
 public:
  std::string_view name() const override { return "latent attention"; }
  bool keeps_entries() const override { return true; }
  bool values_in_keys() const override { return true; }
  MixerScratch scratch(const Config& config, const LayerConfig& shape) const override {
    const LatentConfig& latent = config.latent;
    const std::int64_t queries = LatentRows::query_values(config, shape) + latent.query_size;
    const std::int64_t values = std::int64_t{shape.heads} * latent.value_size;
    return {std::max(queries, values), std::max({values, latent.query_size, std::int64_t{latent.plain_size}})};
  }

  Status read_weights(const TensorFinder& finder, const Config& config, const LayerConfig& shape,
                      LayerWeights& layer) const override {
    const LatentConfig& latent = config.latent;
    const std::int64_t width = config.embedding, size = shape.value_size, plain = latent.plain_size;
    const std::int64_t query_rows = LatentRows::query_values(config, shape);
    BRIM_ASSIGN(layer.attention_norm, finder.norm("attn_norm", width, config.norms.kind));
    if (latent.query_size > 0) {
      BRIM_ASSIGN(layer.latent_query, finder.linear("attn_q_a", width, latent.query_size));
      BRIM_ASSIGN(layer.latent_query_norm, finder.norm("attn_q_a_norm", latent.query_size, config.norms.kind));
      BRIM_ASSIGN(layer.query, finder.linear("attn_q_b", latent.query_size, query_rows));
    } else {
      BRIM_ASSIGN(layer.query, finder.linear("attn_q", width, query_rows));
    }
    BRIM_ASSIGN(layer.key, finder.linear("attn_kv_a_mqa", width, shape.key_size));
    BRIM_ASSIGN(layer.latent_norm, finder.norm("attn_kv_a_norm", size, config.norms.kind));
    BRIM_TRY(read_heads(finder, shape, plain, latent.value_size, layer));
    BRIM_ASSIGN(layer.output, finder.linear("attn_output", std::int64_t{shape.heads} * latent.value_size, width));
    return {};
  }

  void run(const Pass& pass, kv::LayerId layer) const noexcept override { run_attention(pass, layer, *this); }

  void project_inputs(const Pass& unit, kv::LayerId layer) const noexcept override {
    const LayerConfig& shape = unit.config.layer(layer);
    const LayerWeights& weights = unit.weights.layer(layer);
    for_tiles(unit, [&](const Pass& tile) {
      float* keys = tile.work.key.data() + tile.first * shape.key_size;
      const float* input = normalised(tile, tile.stream(), weights.attention_norm);
      apply(tile, input, {{weights.key, keys}});
      use_inputs(tile, layer, input);
      if (unit.tokens <= kPassTile) project(tile, layer, input);
      kernels::for_chunks(tile.runtime.threads, tile.tokens, [&](std::int64_t t, int) noexcept {
        float* key = keys + t * shape.key_size;
        normalise_row(tile.runtime.table, tile.config, weights.latent_norm, key, key);
        if (!rotated_later(tile, layer, tile.first + t)) rotate_heads(tile, layer, key, 1, tile.first + t);
      });
    });
  }

  void project_queries(const Pass& tile, kv::LayerId layer) const noexcept override {
    project(tile, layer, normalised(tile, tile.stream(), tile.weights.layer(layer).attention_norm));
  }

  void prepare_queries(const Pass& tile, kv::LayerId layer) const noexcept override {
    const LayerConfig& shape = tile.config.layer(layer);
    const LayerWeights& weights = tile.weights.layer(layer);
    const LatentRows rows(tile, shape);
    const int plain = tile.config.latent.plain_size, rotated = tile.config.rope.dimensions;
    const std::int64_t query_row = std::int64_t{shape.heads} * shape.key_size;
    for (int head = 0; head < shape.heads; ++head) {
      multiply_rows(tile, key_matrix(tile.config, weights, head), rows.queries + std::int64_t{head} * (plain + rotated),
                    rows.query_row, tile.work.query.data() + std::int64_t{head} * shape.key_size, query_row);
    }
    kernels::for_chunks(tile.runtime.threads, tile.tokens, [&](std::int64_t t, int) noexcept {
      float* query = tile.work.query.data() + t * query_row;
      const float* projected = rows.queries + t * rows.query_row + plain;
      for (int head = 0; head < shape.heads; ++head) {
        std::copy_n(projected + std::int64_t{head} * (plain + rotated), rotated,
                    query + std::int64_t{head} * shape.key_size + shape.value_size);
      }
      rotate_heads(tile, layer, query, shape.heads, tile.first + t);
    });
  }

  void project_output(const Pass& tile, kv::LayerId layer) const noexcept override {
    const LayerConfig& shape = tile.config.layer(layer);
    const LayerWeights& weights = tile.weights.layer(layer);
    const LatentRows rows(tile, shape);
    for (int head = 0; head < shape.heads; ++head) {
      multiply_rows(tile, weights.latent_values[static_cast<std::size_t>(head)],
                    tile.work.mixed.data() + std::int64_t{head} * shape.value_size,
                    std::int64_t{shape.heads} * shape.value_size,
                    rows.values + std::int64_t{head} * tile.config.latent.value_size, rows.value_row);
    }
    apply(tile, rows.values, {{weights.output, tile.work.branch.data()}});
  }

 private:
  // The queries of a tile, before their heads' keys are absorbed.
  static void project(const Pass& tile, kv::LayerId layer, const float* input) noexcept {
    const LayerWeights& weights = tile.weights.layer(layer);
    const LatentRows rows(tile, tile.config.layer(layer));
    if (tile.config.latent.query_size > 0) {
      apply(tile, input, {{weights.latent_query, rows.latent_queries}});
      normalise(tile, rows.latent_queries, weights.latent_query_norm, rows.latent_queries);
      input = rows.latent_queries;
    }
    apply(tile, input, {{weights.query, rows.queries}});
  }

  // Each head's matrices. Older files have both in one tensor, a head's keys before its values, and keys not transposed.
  static Status read_heads(const TensorFinder& finder, const LayerConfig& shape, std::int64_t plain,
                           std::int64_t value_size, LayerWeights& layer) {
    const std::int64_t size = shape.value_size;
    if (finder.has("attn_kv_b.weight") && !finder.has("attn_k_b.weight")) {
      const std::int64_t both = plain + value_size;
      BRIM_ASSIGN(layer.packed_keys, finder.matrix("attn_kv_b.weight", {size, shape.heads * both}));
      for (int head = 0; head < shape.heads; ++head) {
        layer.latent_values.push_back(layer.packed_keys.slice(head * both + plain, value_size));
      }
      return {};
    }
    BRIM_ASSIGN(const quant::Matrix keys, finder.matrix("attn_k_b.weight", {plain, size, shape.heads}));
    BRIM_ASSIGN(const quant::Matrix values, finder.matrix("attn_v_b.weight", {size, value_size, shape.heads}));
    for (int head = 0; head < shape.heads; ++head) {
      layer.latent_keys.push_back(keys.slice(head * size, size));
      layer.latent_values.push_back(values.slice(head * value_size, value_size));
    }
    return {};
  }
};

}  // namespace

Status unpack_latent_keys(const io::Gguf& file, const Config& config, Weights& weights) {
  const std::int64_t plain = config.latent.plain_size, both = plain + config.latent.value_size;
  std::vector<float> row;
  for (LayerWeights& layer : weights.layers) {
    const quant::Matrix& packed = layer.packed_keys;
    if (packed.empty()) continue;
    const std::int64_t size = packed.cols, heads = packed.rows / both;
    layer.unpacked_keys.resize(static_cast<std::size_t>(heads * size * plain));
    row.resize(static_cast<std::size_t>(size));
    for (std::int64_t head = 0; head < heads; ++head) {
      float* transposed = layer.unpacked_keys.data() + head * size * plain;
      for (std::int64_t at = 0; at < plain; ++at) {
        BRIM_ASSIGN(const std::vector<std::byte> bytes, file.read({packed.row(head * both + at), packed.row_bytes}));
        quant::unpack_row(packed.format, bytes.data(), row.data(), size);
        for (std::int64_t i = 0; i < size; ++i) transposed[i * plain + at] = row[static_cast<std::size_t>(i)];
      }
    }
    layer.packed_keys = {};
  }
  return {};
}

const Mixer& latent_attention_mixer() {
  static const LatentAttention mixer;
  return mixer;
}

}  // namespace brim::model
