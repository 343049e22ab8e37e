// qwen35: Qwen3.5 dense models; gated DeltaNet in most layers, attention with gates in every fourth.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/recurrent_keys.hpp"

namespace brim::model {

Status configure_qwen35(const Keys& keys, Config& config) {
  BRIM_TRY(configure_delta_net(keys, config));
  config.recurrent.neighbours_share = false;
  return check_rope_sections(keys, config);
}

}  // namespace brim::model
