// llama: Llama 2 and 3, SmolLM2, Mistral (its sliding window is honoured on every layer), Mixtral (experts).
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/window_pattern.hpp"

namespace brim::model {

Status configure_llama(const Keys& keys, Config& config) {
  config.rope.pairs = RopePairs::interleaved;
  return apply_window(keys, config);
}

}  // namespace brim::model
