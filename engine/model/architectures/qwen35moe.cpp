// qwen35moe: Qwen3.5 with experts, and a gated one that every token goes through.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/expert_keys.hpp"

namespace brim::model {

Status configure_qwen35moe(const Keys& keys, Config& config) {
  BRIM_TRY(require_experts(keys, config));
  BRIM_TRY(configure_qwen35(keys, config));
  return read_shared_experts(keys, config);
}

}  // namespace brim::model
