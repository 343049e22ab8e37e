// lfm2moe: LFM2 with experts after some dense layers; experts are chosen by sigmoid and a bias.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/expert_keys.hpp"

namespace brim::model {

Status configure_lfm2moe(const Keys& keys, Config& config) {
  BRIM_TRY(require_experts(keys, config));
  BRIM_TRY(configure_lfm2(keys, config));
  BRIM_TRY(read_routing(keys, config, RouterScore::sigmoid));
  BRIM_ASSIGN(config.expert_weights_normalised, keys.boolean("expert_weights_norm", true));
  return read_dense_layers(keys, config);
}

}  // namespace brim::model
