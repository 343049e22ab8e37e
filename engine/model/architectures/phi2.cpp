// phi2: Phi-1, 1.5 and 2; attention and a feed-forward without a gate in parallel, both of the same normalised rows.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/layer_norm.hpp"

namespace brim::model {

Status configure_phi2(const Keys& keys, Config& config) {
  config.rope.pairs = RopePairs::halves;
  config.fused_qkv = true;
  config.output_bias = true;
  config.residual = Residual::parallel;
  config.norms.feed_forward = "";
  return use_gpt_layers(keys, config);
}

}  // namespace brim::model
