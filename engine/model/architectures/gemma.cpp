// gemma: the first generation; GELU and scaled embeddings.
#include <cmath>

#include "engine/model/architectures/architectures.hpp"

namespace brim::model {

Status configure_gemma(const Keys&, Config& config) {
  config.rope.pairs = RopePairs::halves;
  config.activation = Activation::gelu;
  config.embedding_scale = std::sqrt(static_cast<float>(config.embedding));
  return {};
}

}  // namespace brim::model
