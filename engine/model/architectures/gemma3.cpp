// gemma3: like gemma2 without attention caps; q/k norms; five layers with a window (and their own rope base) for each
// layer that sees everything.
#include <cmath>

#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/window_pattern.hpp"

namespace brim::model {

Status configure_gemma3(const Keys& keys, Config& config) {
  config.rope.pairs = RopePairs::halves;
  config.activation = Activation::gelu;
  config.query_key_norm = QueryKeyNorm::per_head;
  config.norms.after = true;
  config.embedding_scale = std::sqrt(static_cast<float>(config.embedding));
  BRIM_ASSIGN(const double logit_cap, keys.number("final_logit_softcapping", 0.0, kZeroOrMore));
  config.logit_soft_cap = static_cast<float>(logit_cap);
  BRIM_ASSIGN(config.rope.window_base, keys.number("rope.freq_base_swa", 10000.0, kRopeBase));
  config.rope.separate_window_base = true;
  BRIM_ASSIGN(const std::int64_t window, keys.integer("attention.sliding_window", std::nullopt, 0, INT64_MAX));
  BRIM_TRY(apply_window_pattern(keys, config, window, 6));
  // The 27B model (62 layers) scales queries by the embedding's share per head instead of the head size.
  if (!keys.has("attention.scale") && config.layers.size() == 62) {
    config.attention_scale =
        1.0f / std::sqrt(static_cast<float>(config.embedding) / static_cast<float>(config.layers[0].heads));
  }
  return {};
}

}  // namespace brim::model
