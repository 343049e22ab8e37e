// ernie4_5: ERNIE 4.5 dense models, a llama in all but name.
#include "engine/model/architectures/architectures.hpp"

namespace brim::model {

Status configure_ernie4_5(const Keys&, Config& config) {
  config.rope.pairs = RopePairs::interleaved;
  return {};
}

}  // namespace brim::model
