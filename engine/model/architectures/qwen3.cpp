// qwen3: Qwen3 dense models; queries and keys are normalised per head, head sizes come from the metadata.
#include "engine/model/architectures/architectures.hpp"

namespace brim::model {

Status configure_qwen3(const Keys&, Config& config) {
  config.rope.pairs = RopePairs::halves;
  config.query_key_norm = QueryKeyNorm::per_head;
  return {};
}

}  // namespace brim::model
