// granite: a llama with four multipliers (embeddings, residual branches, attention, logits) and rope that can be off.
#include "engine/model/architectures/architectures.hpp"

namespace brim::model {

Status configure_granite(const Keys& keys, Config& config) {
  config.rope.pairs = RopePairs::interleaved;
  BRIM_ASSIGN(const double embedding, keys.number("embedding_scale", 1.0, kZeroOrMore));
  BRIM_ASSIGN(const double residual, keys.number("residual_scale", 1.0, kZeroOrMore));
  BRIM_ASSIGN(const double logits, keys.number("logit_scale", 1.0, kAboveZero));
  BRIM_ASSIGN(const bool rope, keys.boolean("rope.scaling.finetuned", true));
  // A scale of 0 in the file means "not used".
  if (embedding != 0) config.embedding_scale = static_cast<float>(embedding);
  if (residual != 0) config.residual_scale = static_cast<float>(residual);
  config.logit_scale = static_cast<float>(1.0 / logits);
  for (LayerConfig& layer : config.layers) layer.rope = rope;
  return {};
}

}  // namespace brim::model
