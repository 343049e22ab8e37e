// ernie4_5-moe: ERNIE 4.5 with experts, chosen by softmax and a bias, and some that every token uses; the first layers
// are dense.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/expert_keys.hpp"

namespace brim::model {

Status configure_ernie4_5_moe(const Keys& keys, Config& config) {
  BRIM_TRY(require_experts(keys, config));
  config.rope.pairs = RopePairs::interleaved;
  BRIM_TRY(read_shared_experts(keys, config));
  return read_dense_layers(keys, config);
}

}  // namespace brim::model
