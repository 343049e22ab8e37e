// gpt-oss: experts with biases and a clamped SwiGLU, chosen by the router's outputs; sinks in attention; a window on
// every even layer.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/expert_keys.hpp"
#include "engine/model/architectures/window_pattern.hpp"

namespace brim::model {

Status configure_gpt_oss(const Keys& keys, Config& config) {
  BRIM_TRY(require_experts(keys, config));
  config.rope.pairs = RopePairs::halves;
  config.norms.feed_forward = "post_attention_norm";
  config.attention_sinks = true;
  config.activation = Activation::clamped_silu;
  config.router_score = RouterScore::softmax_of_chosen;
  config.expert_weights_normalised = false;  // their softmax is
  BRIM_ASSIGN(const std::int64_t window, keys.integer("attention.sliding_window", std::nullopt, 0, INT64_MAX));
  return apply_window_pattern(keys, config, window, 2);
}

}  // namespace brim::model
