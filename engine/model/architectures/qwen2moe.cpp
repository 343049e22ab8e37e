// qwen2moe: Qwen1.5-MoE and Qwen2-MoE; the chosen experts' weights are not normalised, and further experts that every
// token uses count as much as a router of their own says.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/expert_keys.hpp"

namespace brim::model {

Status configure_qwen2moe(const Keys& keys, Config& config) {
  BRIM_TRY(require_experts(keys, config));
  config.rope.pairs = RopePairs::halves;
  config.expert_weights_normalised = false;
  return read_shared_experts(keys, config);
}

}  // namespace brim::model
