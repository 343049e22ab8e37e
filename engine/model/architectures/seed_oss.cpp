// seed_oss: Seed-OSS, a llama with biases on queries, keys and values.
#include "engine/model/architectures/architectures.hpp"

namespace brim::model {

Status configure_seed_oss(const Keys&, Config& config) {
  config.rope.pairs = RopePairs::halves;
  config.norms.feed_forward = "post_attention_norm";
  return {};
}

}  // namespace brim::model
