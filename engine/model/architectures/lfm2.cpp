// lfm2: LFM2 and LFM2.5; short convolutions in the layers without KV heads, attention with norms per head in the others.
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/recurrent_keys.hpp"
#include "engine/model/layers/mixer.hpp"
#include "kernels/recurrence.hpp"

namespace brim::model {

Status configure_lfm2(const Keys& keys, Config& config) {
  config.rope.pairs = RopePairs::halves;
  config.query_key_norm = QueryKeyNorm::per_head;
  config.norms.output = "token_embd_norm";
  BRIM_ASSIGN(const std::int64_t taps, keys.integer("shortconv.l_cache", std::nullopt, 2, kernels::kMaxTaps));
  config.recurrent.taps = static_cast<int>(taps);
  mix_without_kv_heads(config, short_conv_mixer());
  return {};
}

}  // namespace brim::model
