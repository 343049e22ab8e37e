// phi3: Phi-3 and Phi-4-mini; q, k, v in one tensor, gate and up in another, longrope factors chosen by the context.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/window_pattern.hpp"

namespace brim::model {

Status configure_phi3(const Keys& keys, Config& config) {
  config.rope.pairs = RopePairs::halves;
  config.fused_qkv = true;
  config.fused_gate_up = true;
  return apply_window(keys, config);
}

}  // namespace brim::model
