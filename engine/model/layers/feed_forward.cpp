// See feed_forward.hpp.
#include "engine/model/layers/feed_forward.hpp"

#include "kernels/threads.hpp"

namespace brim::model {

void dense_feed_forward(const Pass& tile, const float* input, const Dense& dense) noexcept {
  Workspace& work = tile.work;
  apply(tile, input, {{dense.gate, work.gate.data()}, {dense.up, work.up.data()}});
  activate(tile, tile.tokens, dense.up.weight.rows);
  apply(tile, work.gate.data(), {{dense.down, work.branch.data()}});
}

void activate(const Pass& pass, std::int64_t tokens, std::int64_t width) noexcept {
  const kernels::Table& table = pass.runtime.table;
  const auto kernel = pass.config.activation == Activation::gelu ? table.gelu_multiply : table.silu_multiply;
  kernels::for_chunks(pass.runtime.threads, tokens, [&](std::int64_t t, int) noexcept {
    kernel(pass.work.gate.data() + t * width, pass.work.up.data() + t * width, width);
  });
}

Status read_feed_forward(const TensorFinder& finder, const Config& config, const LayerConfig& shape,
                         LayerWeights& layer) {
  if (shape.kind == FeedForward::none) return {};
  BRIM_ASSIGN(layer.feed_forward_norm, finder.vector(config.feed_forward_norm_tensor, config.embedding));
  if (shape.kind == FeedForward::experts) {
    BRIM_TRY(read_experts(finder, config, layer));
  } else {
    if (config.fused_gate_up && !finder.has("ffn_gate.weight")) {
      BRIM_ASSIGN(const Linear fused, finder.linear("ffn_up", config.embedding, 2 * shape.feed_forward_width));
      layer.gate = cut(fused, 0, shape.feed_forward_width);
      layer.up = cut(fused, shape.feed_forward_width, shape.feed_forward_width);
    } else {
      BRIM_ASSIGN(layer.gate, finder.linear("ffn_gate", config.embedding, shape.feed_forward_width));
      BRIM_ASSIGN(layer.up, finder.linear("ffn_up", config.embedding, shape.feed_forward_width));
    }
    BRIM_ASSIGN(layer.down, finder.linear("ffn_down", shape.feed_forward_width, config.embedding));
  }
  if (config.post_norms) {
    BRIM_ASSIGN(layer.post_feed_forward_norm, finder.vector("post_ffw_norm.weight", config.embedding));
  }
  return {};
}

void feed_forward(const Pass& pass, kv::LayerId layer) noexcept {
  const FeedForward kind = pass.config.layer(layer).kind;
  if (kind == FeedForward::none) return;
  const LayerWeights& weights = pass.weights.layer(layer);
  for_tiles(pass, [&](const Pass& tile) {
    normalise(tile, tile.stream(), weights.feed_forward_norm, tile.work.normed.data());
    if (kind == FeedForward::experts) {
      expert_mixture(tile, weights);
    } else {
      dense_feed_forward(tile, tile.work.normed.data(), {weights.gate, weights.up, weights.down});
    }
    add_branch(tile, weights.post_feed_forward_norm);
  });
}

}  // namespace brim::model
