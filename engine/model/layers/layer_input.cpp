// See layer_input.hpp. The layers' shares of the projection are computed when each is needed, so that only the
// embedding has to be kept for it.
#include "engine/model/layers/layer_input.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/threads.hpp"

namespace brim::model {

Status read_layer_inputs(const io::Gguf& file, const Config& config, std::vector<bool>& used, Weights& weights) {
  const std::int64_t width = config.layer_embedding, layers = static_cast<std::int64_t>(config.layers.size());
  if (width == 0) return {};
  const TensorFinder top(file, "", used);
  BRIM_TRY(top.matrix("per_layer_token_embd.weight", {width * layers, config.vocabulary}));
  weights.layer_embeddings = file.tensor("per_layer_token_embd.weight");
  BRIM_ASSIGN(weights.layer_embedding_norm, top.norm("per_layer_proj_norm", width, NormKind::rms));
  BRIM_ASSIGN(const Linear projection, top.linear("per_layer_model_proj", config.embedding, width * layers));
  for (std::int64_t i = 0; i < layers; ++i) {
    LayerWeights& layer = weights.layers[static_cast<std::size_t>(i)];
    const TensorFinder finder(file, sentence("blk.", i, "."), used);
    layer.input_projection = cut(projection, i * width, width);
    BRIM_ASSIGN(layer.input_gate, finder.linear("inp_gate", config.embedding, width));
    BRIM_ASSIGN(layer.input_output, finder.linear("proj", width, config.embedding));
    BRIM_ASSIGN(layer.input_norm, finder.norm("post_norm", config.embedding, NormKind::rms));
  }
  return {};
}

Status keep_layer_inputs(const Config& config, Workspace& work, const kernels::Table& kernels, const RowTable& table,
                         std::int64_t row, std::int32_t token) {
  std::copy_n(work.stream.data() + row * config.embedding, config.embedding,
              work.embedded.data() + row * config.embedding);
  const std::int64_t values = table.cols();
  float* own = work.layer_rows.data() + row * values;
  BRIM_TRY(table.read(kernels, token, work.packed_row.data(), own));
  kernels.scale(own, values, std::sqrt(static_cast<float>(config.layer_embedding)));
  return {};
}

void add_layer_input(const Pass& pass, kv::LayerId layer) noexcept {
  const Config& config = pass.config;
  const std::int64_t width = config.layer_embedding;
  if (width == 0) return;
  const LayerWeights& weights = pass.weights.layer(layer);
  const std::vector<float>& norm = pass.weights.layer_embedding_norm.weight;
  const std::int64_t row = width * static_cast<std::int64_t>(config.layers.size());
  const float embedding_share = 1.0f / std::sqrt(static_cast<float>(config.embedding));
  for_tiles(pass, [&](const Pass& tile) {
    Workspace& work = tile.work;
    float *gates = work.gate.data(), *inputs = work.up.data();
    apply(tile, tile.stream(), {{weights.input_gate, gates}});
    apply(tile, work.embedded.data() + tile.first * config.embedding, {{weights.input_projection, inputs}});
    kernels::for_chunks(tile.runtime.threads, tile.tokens, [&](std::int64_t t, int) noexcept {
      const kernels::Table& table = tile.runtime.table;
      float* input = inputs + t * width;
      const float* own = work.layer_rows.data() + (tile.first + t) * row + static_cast<std::int64_t>(layer) * width;
      table.scale(input, width, embedding_share);
      table.rms_norm(input, norm.data(), width, config.norm_epsilon, input);
      table.add_scaled(input, own, width, 1.0f);
      table.scale(input, width, std::sqrt(0.5f));
      table.gelu_multiply(gates + t * width, input, width);
    });
    apply(tile, gates, {{weights.input_output, work.branch.data()}});
    add_branch(tile, weights.input_norm);
  });
}

}  // namespace brim::model
