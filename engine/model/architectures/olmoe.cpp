// olmoe: OLMoE; queries and keys are normalised over the whole row, expert weights are not renormalised.
#include "engine/model/architectures/architectures.hpp"

namespace brim::model {

Status configure_olmoe(const Keys& keys, Config& config) {
  if (!config.has_experts()) {
    return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full("expert_count"),
                 ": expected at least 1, found none");
  }
  config.rope.pairs = RopePairs::halves;
  config.query_key_norm = QueryKeyNorm::whole_row;
  config.expert_weights_normalised = false;
  return {};
}

}  // namespace brim::model
