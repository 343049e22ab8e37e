// qwen3next: Qwen3-Next; gated DeltaNet and experts as in Qwen3.5. Older files have q, k, v and z in one tensor.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/expert_keys.hpp"
#include "engine/model/architectures/recurrent_keys.hpp"

namespace brim::model {

Status configure_qwen3next(const Keys& keys, Config& config) {
  BRIM_TRY(require_experts(keys, config));
  BRIM_TRY(configure_delta_net(keys, config));
  for (const io::Tensor& tensor : keys.file().tensors()) {
    if (tensor.name.ends_with(".ssm_in.weight")) config.recurrent.fused_input = true;
  }
  return read_shared_experts(keys, config);
}

}  // namespace brim::model
