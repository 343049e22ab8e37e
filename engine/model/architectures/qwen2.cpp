// qwen2: Qwen2 and Qwen2.5, with biases on queries, keys and values (read wherever a file has them).
#include "engine/model/architectures/architectures.hpp"

namespace brim::model {

Status configure_qwen2(const Keys&, Config& config) {
  config.rope.pairs = RopePairs::halves;
  return {};
}

}  // namespace brim::model
