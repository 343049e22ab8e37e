// olmo2: OLMo 2 and 3; norms only behind attention and feed-forward, queries and keys normalised over the whole row.
// OLMo 3 has a window on three of four layers, whose positions are not scaled.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/window_pattern.hpp"

namespace brim::model {

Status configure_olmo2(const Keys& keys, Config& config) {
  config.rope.pairs = RopePairs::halves;
  config.query_key_norm = QueryKeyNorm::whole_row;
  config.norms.before = false;
  config.norms.after = true;
  config.rope.window_base = config.rope.base;
  config.rope.separate_window_base = true;
  BRIM_ASSIGN(const std::int64_t window, keys.integer("attention.sliding_window", 0, 0, INT64_MAX));
  return apply_window_pattern(keys, config, window, 4);
}

}  // namespace brim::model
