// cohere2: Command R7B and A; attention and feed-forward in parallel, of the same normalised rows. A window on three of
// four layers, and positions only there.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/layer_norm.hpp"
#include "engine/model/architectures/window_pattern.hpp"

namespace brim::model {

Status configure_cohere2(const Keys& keys, Config& config) {
  config.rope.pairs = RopePairs::interleaved;
  config.residual = Residual::parallel;
  config.norms.feed_forward = "";
  BRIM_ASSIGN(const double scale, keys.number("logit_scale", std::nullopt, kAboveZero));
  config.logit_scale = static_cast<float>(scale);
  BRIM_ASSIGN(const std::int64_t window, keys.integer("attention.sliding_window", std::nullopt, 1, INT64_MAX));
  BRIM_TRY(apply_window_pattern(keys, config, window, 4));
  rotate_windowed_layers_only(config);
  return use_layer_norm(keys, config);
}

}  // namespace brim::model
