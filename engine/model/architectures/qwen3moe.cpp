// qwen3moe: Qwen3 with experts that have their own width; the chosen experts' weights are normalised to sum to 1.
#include "engine/model/architectures/architectures.hpp"

namespace brim::model {

Status configure_qwen3moe(const Keys& keys, Config& config) {
  if (!config.has_experts()) {
    return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full("expert_count"),
                 ": expected at least 1, found none");
  }
  config.rope.pairs = RopePairs::halves;
  config.query_key_norm = QueryKeyNorm::per_head;
  return {};
}

}  // namespace brim::model
