// gemma2: GELU, scaled embeddings, norms after each branch, soft caps, a window on every even layer.
#include <cmath>

#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/window_pattern.hpp"

namespace brim::model {

Status configure_gemma2(const Keys& keys, Config& config) {
  config.rope.pairs = RopePairs::halves;
  config.activation = Activation::gelu;
  config.norms.after = true;
  config.embedding_scale = std::sqrt(static_cast<float>(config.embedding));
  BRIM_ASSIGN(const double attention_cap, keys.number("attn_logit_softcapping", 50.0, kZeroOrMore));
  BRIM_ASSIGN(const double logit_cap, keys.number("final_logit_softcapping", 30.0, kZeroOrMore));
  config.attention_soft_cap = static_cast<float>(attention_cap);
  config.logit_soft_cap = static_cast<float>(logit_cap);
  BRIM_ASSIGN(const std::int64_t window, keys.integer("attention.sliding_window", 4096, 0, INT64_MAX));
  BRIM_TRY(apply_window_pattern(keys, config, window, 2));
  // The 27B model (46 layers) scales queries by the embedding's share per head instead of the head size.
  if (!keys.has("attention.scale") && config.layers.size() == 46) {
    config.attention_scale =
        1.0f / std::sqrt(static_cast<float>(config.embedding) / static_cast<float>(config.layers[0].heads));
  }
  return {};
}

}  // namespace brim::model
