// bitnet: BitNet b1.58 (3B); the inputs of the last matrices of attention and feed-forward are normalised too.
#include "engine/model/architectures/architectures.hpp"

namespace brim::model {

Status configure_bitnet(const Keys&, Config& config) {
  config.rope.pairs = RopePairs::halves;
  config.norms.inside = true;
  return {};
}

}  // namespace brim::model
