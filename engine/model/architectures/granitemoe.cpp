// granitemoe: Granite with experts, some of which every token may use.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/expert_keys.hpp"

namespace brim::model {

Status configure_granitemoe(const Keys& keys, Config& config) {
  BRIM_TRY(require_experts(keys, config));
  BRIM_TRY(read_shared_experts(keys, config));
  return configure_granite(keys, config);
}

}  // namespace brim::model
