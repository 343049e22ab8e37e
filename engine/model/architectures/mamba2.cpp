// mamba2: Mamba-2; layers are state spaces alone, without attention or feed-forward.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/recurrent_keys.hpp"
#include "engine/model/layers/mixer.hpp"

namespace brim::model {

Status configure_mamba2(const Keys& keys, Config& config) {
  BRIM_TRY(read_state_space(keys, config));
  for (LayerConfig& layer : config.layers) {
    layer.mixer = &mamba2_mixer();
    layer.kind = FeedForward::none;
  }
  return {};
}

}  // namespace brim::model
