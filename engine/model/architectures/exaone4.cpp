// exaone4: EXAONE 4; norms only behind attention and feed-forward, queries and keys normalised per head. The large ones
// have a window on three of four layers, and positions only there.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/window_pattern.hpp"

namespace brim::model {

Status configure_exaone4(const Keys& keys, Config& config) {
  config.rope.pairs = RopePairs::halves;
  config.query_key_norm = QueryKeyNorm::per_head;
  config.norms.before = false;
  config.norms.after = true;
  BRIM_ASSIGN(const std::int64_t window, keys.integer("attention.sliding_window", 0, 0, INT64_MAX));
  BRIM_TRY(apply_window_pattern(keys, config, window, 4));
  if (window > 0) rotate_windowed_layers_only(config);
  return {};
}

}  // namespace brim::model
