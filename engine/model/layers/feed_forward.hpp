// What follows a layer's mixer: gate, up and down, dense or of the experts that a router chooses for each token, or
// nothing.
#pragma once

#include "engine/base/result.hpp"
#include "engine/kv/ids.hpp"
#include "engine/model/config.hpp"
#include "engine/model/pass.hpp"
#include "engine/model/tensor_finder.hpp"

namespace brim::model {

/// Errors: those of the finder.
Status read_feed_forward(const TensorFinder& finder, const Config& config, const LayerConfig& shape,
                         LayerWeights& weights);

/// x = norm(stream), or of what came before the mixer; branch = the layer's kind of feed-forward of x; stream += branch.
void feed_forward(const Pass& pass, kv::LayerId layer) noexcept;

/// The matrices of one dense feed-forward; gate is empty in plain ones.
struct Dense {
  const Linear& gate;
  const Linear& up;
  const Linear& down;
  const Norm* inner = nullptr;  ///< of the input of `down`; null or empty: it is not normalised
};
/// branch = dense(input), rows of the embedding's width.
void dense_feed_forward(const Pass& tile, const float* input, const Dense& dense) noexcept;

/// The weights of an expert layer (experts.cpp), without the router's. Errors: those of the finder.
Status read_experts(const TensorFinder& finder, const Config& config, LayerWeights& weights);
/// Has the router choose experts for each row of `input`, and their weights.
void choose_experts(const Pass& tile, const LayerWeights& weights, const float* input) noexcept;
/// branch = the sum of the experts that were chosen, weighted, and of those that every token uses, of `input`.
void expert_mixture(const Pass& tile, const LayerWeights& weights, const float* input) noexcept;
/// gate = activation(gate) · up, for `tokens` rows of `width`.
void activate(const Pass& pass, std::int64_t tokens, std::int64_t width) noexcept;
/// up = activation(up), for the pass's rows of `width`: where there is no gate.
void activate_alone(const Pass& pass, std::int64_t width) noexcept;

}  // namespace brim::model
