// falcon-h1: attention and Mamba-2 side by side in every layer; its multipliers are part of the weights already.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/recurrent_keys.hpp"
#include "engine/model/layers/mixer.hpp"

namespace brim::model {

Status configure_falcon_h1(const Keys& keys, Config& config) {
  config.rope.pairs = RopePairs::halves;
  BRIM_TRY(read_state_space(keys, config));
  for (LayerConfig& layer : config.layers) layer.mixer = &attention_and_mamba2_mixer();
  return {};
}

}  // namespace brim::model
