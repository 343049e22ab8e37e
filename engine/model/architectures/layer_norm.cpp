// See layer_norm.hpp.
#include "engine/model/architectures/layer_norm.hpp"

namespace brim::model {

Status use_layer_norm(const Keys& keys, Config& config) {
  config.norms.kind = NormKind::layer;
  BRIM_ASSIGN(const double epsilon, keys.number("attention.layer_norm_epsilon", std::nullopt, NumberRange{0, 1}));
  config.norm_epsilon = static_cast<float>(epsilon);
  return {};
}

Status use_gpt_layers(const Keys& keys, Config& config) {
  config.activation = Activation::gelu;
  for (LayerConfig& layer : config.layers) layer.kind = FeedForward::plain;
  return use_layer_norm(keys, config);
}

}  // namespace brim::model
