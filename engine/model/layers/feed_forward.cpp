// See feed_forward.hpp.
#include "engine/model/layers/feed_forward.hpp"

#include <cmath>

#include "kernels/threads.hpp"

namespace brim::model {
namespace {

// gpt-oss gives both in no key: they are part of its architecture.
constexpr float kSwigluLimit = 7.0f, kSwigluSlope = 1.702f;

Status read_dense(const TensorFinder& finder, const Config& config, const LayerConfig& shape, LayerWeights& layer) {
  const std::int64_t width = shape.feed_forward_width;
  const bool gated = shape.kind != FeedForward::plain;
  if (gated && config.fused_gate_up && !finder.has("ffn_gate.weight")) {
    BRIM_ASSIGN(const Linear fused, finder.linear("ffn_up", config.embedding, 2 * width));
    layer.gate = cut(fused, 0, width);
    layer.up = cut(fused, width, width);
  } else {
    if (gated) {
      BRIM_ASSIGN(layer.gate, finder.linear("ffn_gate", config.embedding, width));
    }
    BRIM_ASSIGN(layer.up, finder.linear("ffn_up", config.embedding, width));
  }
  BRIM_ASSIGN(layer.down, finder.linear("ffn_down", width, config.embedding));
  if (config.norms.inside) {
    BRIM_ASSIGN(layer.inner_feed_forward_norm, finder.norm("ffn_sub_norm", width, config.norms.kind));
  }
  return {};
}

// Experts beside a dense feed-forward. The router sees the stream normalised, multiplied by its own factors and divided
// by the square root of the width: factors of one norm.
Status read_parallel_experts(const TensorFinder& finder, const Config& config, LayerWeights& layer) {
  const NormKind kind = config.norms.kind;
  BRIM_ASSIGN(layer.router.weight, finder.matrix("ffn_gate_inp.weight", {config.embedding, config.experts}));
  BRIM_ASSIGN(layer.router_norm.weight, finder.vector("ffn_gate_inp.scale", config.embedding));
  for (float& factor : layer.router_norm.weight) factor /= std::sqrt(static_cast<float>(config.embedding));
  BRIM_ASSIGN(layer.expert_norm, finder.norm("pre_ffw_norm_2", config.embedding, kind));
  BRIM_ASSIGN(layer.post_dense_norm, finder.norm("post_ffw_norm_1", config.embedding, kind));
  BRIM_ASSIGN(layer.post_expert_norm, finder.norm("post_ffw_norm_2", config.embedding, kind));
  return read_experts(finder, config, layer);
}

// branch += the experts of the same stream; each result is normalised before.
void add_parallel_experts(const Pass& tile, const LayerWeights& weights) noexcept {
  Workspace& work = tile.work;
  const std::int64_t values = tile.tokens * tile.config.embedding;
  const float* stream = tile.feed_forward_input();
  normalise(tile, work.branch.data(), weights.post_dense_norm, work.dense_out.data());
  choose_experts(tile, weights, normalised(tile, stream, weights.router_norm));
  expert_mixture(tile, weights, normalised(tile, stream, weights.expert_norm));
  normalise(tile, work.branch.data(), weights.post_expert_norm, work.branch.data());
  tile.runtime.table.add_scaled(work.branch.data(), work.dense_out.data(), values, 1.0f);
}

}  // namespace

void activate(const Pass& pass, std::int64_t tokens, std::int64_t width) noexcept {
  const kernels::Table& table = pass.runtime.table;
  kernels::for_chunks(pass.runtime.threads, tokens, [&](std::int64_t t, int) noexcept {
    float* gate = pass.work.gate.data() + t * width;
    const float* up = pass.work.up.data() + t * width;
    switch (pass.config.activation) {
      case Activation::silu:
        return table.silu_multiply(gate, up, width);
      case Activation::gelu:
        return table.gelu_multiply(gate, up, width);
      case Activation::relu_squared:
        table.relu_squared(gate, width);
        for (std::int64_t i = 0; i < width; ++i) gate[i] *= up[i];
        return;
      case Activation::clamped_silu:
        return table.clamped_swiglu(gate, up, width, kSwigluLimit, kSwigluSlope);
    }
  });
}

void activate_alone(const Pass& pass, std::int64_t width) noexcept {
  const kernels::Table& table = pass.runtime.table;
  const auto kernel = pass.config.activation == Activation::relu_squared ? table.relu_squared : table.gelu;
  kernels::for_chunks(pass.runtime.threads, pass.tokens,
                      [&](std::int64_t t, int) noexcept { kernel(pass.work.up.data() + t * width, width); });
}

void dense_feed_forward(const Pass& tile, const float* input, const Dense& dense) noexcept {
  Workspace& work = tile.work;
  const std::int64_t width = dense.up.weight.rows;
  float* inner = work.up.data();
  if (dense.gate.weight.empty()) {
    apply(tile, input, {{dense.up, inner}});
    activate_alone(tile, width);
  } else {
    inner = work.gate.data();
    apply(tile, input, {{dense.gate, inner}, {dense.up, work.up.data()}});
    activate(tile, tile.tokens, width);
  }
  if (dense.inner != nullptr && !dense.inner->empty()) normalise(tile, inner, *dense.inner, inner);
  apply(tile, inner, {{dense.down, work.branch.data()}});
}

Status read_feed_forward(const TensorFinder& finder, const Config& config, const LayerConfig& shape,
                         LayerWeights& layer) {
  if (shape.kind == FeedForward::none) return {};
  const NormConfig& norms = config.norms;
  if (norms.before && norms.feed_forward.empty()) {
    layer.feed_forward_norm = layer.attention_norm;
  } else if (norms.before) {
    BRIM_ASSIGN(layer.feed_forward_norm, finder.norm(std::string(norms.feed_forward), config.embedding, norms.kind));
  }
  if (shape.kind == FeedForward::experts) {
    BRIM_ASSIGN(layer.router, finder.linear("ffn_gate_inp", config.embedding, config.experts));
    BRIM_TRY(read_experts(finder, config, layer));
  } else {
    BRIM_TRY(read_dense(finder, config, shape, layer));
  }
  if (shape.kind == FeedForward::dense_and_experts) BRIM_TRY(read_parallel_experts(finder, config, layer));
  if (norms.after) {
    BRIM_ASSIGN(layer.post_feed_forward_norm, finder.norm("post_ffw_norm", config.embedding, norms.kind));
  }
  return {};
}

void feed_forward(const Pass& pass, kv::LayerId layer) noexcept {
  const FeedForward kind = pass.config.layer(layer).kind;
  if (kind == FeedForward::none) return;
  const LayerWeights& weights = pass.weights.layer(layer);
  for_tiles(pass, [&](const Pass& tile) {
    const float* input = normalised(tile, tile.feed_forward_input(), weights.feed_forward_norm);
    if (kind == FeedForward::experts) {
      choose_experts(tile, weights, input);
      expert_mixture(tile, weights, input);
    } else {
      dense_feed_forward(tile, input, {weights.gate, weights.up, weights.down, &weights.inner_feed_forward_norm});
    }
    if (kind == FeedForward::dense_and_experts) add_parallel_experts(tile, weights);
    add_branch(tile, weights.post_feed_forward_norm);
  });
}

}  // namespace brim::model
