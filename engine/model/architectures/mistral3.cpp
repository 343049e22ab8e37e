// mistral3: Ministral 3; a llama with YaRN that does not change attention's magnitude, and a temperature of queries that
// grows with the position.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/window_pattern.hpp"

namespace brim::model {

Status configure_mistral3(const Keys& keys, Config& config) {
  config.rope.pairs = RopePairs::interleaved;
  BRIM_ASSIGN(config.rope.yarn_log_multiplier, keys.number("rope.scaling.yarn_log_multiplier", 0.0, kZeroOrMore));
  BRIM_ASSIGN(config.query_temperature.scale, keys.number("attention.temperature_scale", 0.0, kZeroOrMore));
  config.query_temperature.period = config.rope.original_context;
  return apply_window(keys, config);
}

}  // namespace brim::model
