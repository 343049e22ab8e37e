// starcoder2: StarCoder 2; layer norms, a feed-forward without a gate, biases everywhere.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/layer_norm.hpp"

namespace brim::model {

Status configure_starcoder2(const Keys& keys, Config& config) {
  config.rope.pairs = RopePairs::halves;
  return use_gpt_layers(keys, config);
}

}  // namespace brim::model
