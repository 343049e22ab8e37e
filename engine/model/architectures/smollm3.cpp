// smollm3: a llama whose every fourth layer has no rotary positions (NoPE).
#include "engine/model/architectures/architectures.hpp"

namespace brim::model {

Status configure_smollm3(const Keys&, Config& config) {
  config.rope.pairs = RopePairs::interleaved;
  for (std::size_t layer = 3; layer < config.layers.size(); layer += 4) config.layers[layer].rope = false;
  return {};
}

}  // namespace brim::model
