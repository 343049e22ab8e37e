// gptneox: GPT-NeoX and Pythia; attention and a feed-forward without a gate, in parallel but each with a norm.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/layer_norm.hpp"

namespace brim::model {

Status configure_gptneox(const Keys& keys, Config& config) {
  config.rope.pairs = RopePairs::halves;
  config.fused_qkv = true;
  BRIM_ASSIGN(const bool parallel, keys.boolean("use_parallel_residual", true));
  config.residual = parallel ? Residual::parallel : Residual::sequential;
  return use_gpt_layers(keys, config);
}

}  // namespace brim::model
