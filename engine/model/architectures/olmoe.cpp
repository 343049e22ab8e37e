// olmoe: OLMoE; queries and keys are normalised over the whole row, expert weights are not renormalised.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/expert_keys.hpp"

namespace brim::model {

Status configure_olmoe(const Keys& keys, Config& config) {
  BRIM_TRY(require_experts(keys, config));
  config.rope.pairs = RopePairs::halves;
  config.query_key_norm = QueryKeyNorm::whole_row;
  config.expert_weights_normalised = false;
  return {};
}

}  // namespace brim::model
