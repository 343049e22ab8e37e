// glm4: GLM-4 (0414); norms before and behind attention and feed-forward, half of each head rotated, gate and up in one
// tensor.
#include "engine/model/architectures/architectures.hpp"

namespace brim::model {

Status configure_glm4(const Keys&, Config& config) {
  config.rope.pairs = RopePairs::interleaved;
  config.norms.after = true;
  config.fused_qkv = true;
  config.fused_gate_up = true;
  return {};
}

}  // namespace brim::model
