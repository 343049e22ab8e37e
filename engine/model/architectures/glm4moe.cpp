// glm4moe: GLM-4.5 and 4.6; dense layers first, then experts chosen by sigmoid and a bias, and one that every token
// uses. The large one normalises queries and keys.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/expert_keys.hpp"

namespace brim::model {

Status configure_glm4moe(const Keys& keys, Config& config) {
  BRIM_TRY(require_experts(keys, config));
  config.rope.pairs = RopePairs::halves;
  config.norms.feed_forward = "post_attention_norm";
  if (keys.file().tensor("blk.0.attn_q_norm.weight") != nullptr) config.query_key_norm = QueryKeyNorm::per_head;
  BRIM_TRY(read_routing(keys, config, RouterScore::sigmoid));
  BRIM_TRY(read_shared_experts(keys, config));
  return read_dense_layers(keys, config);
}

}  // namespace brim::model
