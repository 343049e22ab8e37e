// nemotron_h: Nemotron 3; each layer is one thing alone, Mamba-2, attention without positions, or a feed-forward with
// squared ReLU, dense or of experts without gates. All of them normalise with the same tensor.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/expert_keys.hpp"
#include "engine/model/architectures/recurrent_keys.hpp"
#include "engine/model/layers/mixer.hpp"

namespace brim::model {

Status configure_nemotron_h(const Keys& keys, Config& config) {
  config.activation = Activation::relu_squared;
  config.norms.feed_forward = "attn_norm";
  BRIM_TRY(read_state_space(keys, config));
  const auto blocks = static_cast<std::int64_t>(config.layers.size()) + config.next_token_layers;
  BRIM_ASSIGN(const auto widths, keys.per_layer("feed_forward_length", blocks, std::nullopt, 0, kWidest));
  for (std::size_t i = 0; i < config.layers.size(); ++i) {
    LayerConfig& layer = config.layers[i];
    layer.rope = false;
    layer.feed_forward_width = widths[i];
    if (widths[i] > 0) {
      layer.mixer = nullptr;
      layer.kind = config.has_experts() ? FeedForward::experts : FeedForward::plain;
    } else {
      layer.kind = FeedForward::none;
      if (layer.kv_heads == 0) layer.mixer = &mamba2_mixer();
    }
  }
  if (!config.has_experts()) return {};
  config.gated_experts = false;
  BRIM_TRY(read_routing(keys, config, RouterScore::sigmoid));
  return read_shared_experts(keys, config);
}

}  // namespace brim::model
