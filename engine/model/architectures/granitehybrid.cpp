// granitehybrid: Granite 4.0 H; Mamba-2 in the layers without KV heads, granite's attention and multipliers; with
// experts also one that every token goes through.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/expert_keys.hpp"
#include "engine/model/architectures/recurrent_keys.hpp"
#include "engine/model/layers/mixer.hpp"

namespace brim::model {

Status configure_granitehybrid(const Keys& keys, Config& config) {
  BRIM_TRY(configure_granite(keys, config));
  BRIM_TRY(read_state_space(keys, config));
  mix_without_kv_heads(config, mamba2_mixer());
  return config.has_experts() ? read_shared_experts(keys, config) : Status();
}

}  // namespace brim::model
