// qwen3moe: Qwen3 with experts that have their own width; the chosen experts' weights are normalised to sum to 1.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/expert_keys.hpp"

namespace brim::model {

Status configure_qwen3moe(const Keys& keys, Config& config) {
  BRIM_TRY(require_experts(keys, config));
  config.rope.pairs = RopePairs::halves;
  config.query_key_norm = QueryKeyNorm::per_head;
  return {};
}

}  // namespace brim::model
