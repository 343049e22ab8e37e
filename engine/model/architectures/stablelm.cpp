// stablelm: StableLM 2 and 3B; layer norms, a part of each head rotated. Where the file has no norm for the
// feed-forward, that works in parallel to attention; the key use_parallel_residual is wrong in many files.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/layer_norm.hpp"

namespace brim::model {

Status configure_stablelm(const Keys& keys, Config& config) {
  config.rope.pairs = RopePairs::halves;
  BRIM_TRY(keys.boolean("use_parallel_residual", false));
  if (keys.file().tensor("blk.0.ffn_norm.weight") == nullptr) {
    config.residual = Residual::parallel;
    config.norms.feed_forward = "";
  }
  return use_layer_norm(keys, config);
}

}  // namespace brim::model
