// nemotron_h_moe: Nemotron 3 with experts, chosen by sigmoid and a bias, and one that every token uses.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/expert_keys.hpp"

namespace brim::model {

Status configure_nemotron_h_moe(const Keys& keys, Config& config) {
  BRIM_TRY(require_experts(keys, config));
  return configure_nemotron_h(keys, config);
}

}  // namespace brim::model
