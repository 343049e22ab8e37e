// deepseek2: DeepSeek V2 and V3, GLM-4.7-Flash, Moonlight; latent attention (layers/latent_attention.cpp), dense layers
// first, then experts, which may be chosen from the best groups, and some that every token uses.
#include <cmath>

#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/expert_keys.hpp"
#include "engine/model/layers/mixer.hpp"

namespace brim::model {
namespace {

// With YaRN, these models change the temperature of attention in place of the magnitude of rotated values, and files
// have a tenth of their factor (mscale_all_dim).
Status read_temperature(const Keys& keys, Config& config) {
  constexpr const char* kKey = "rope.scaling.yarn_log_multiplier";
  BRIM_ASSIGN(const double tenth, keys.number(kKey, 0.0, kZeroOrMore));
  if (config.rope.scaling != RopeScaling::yarn || config.rope.factor <= 1) return {};
  if (tenth == 0 || config.rope.attention_factor != 1) {
    return error(ErrorCode::unsupported, keys.file().path(), ": with YaRN, Brim computes the architecture ",
                 config.architecture, " only with the key ", keys.full(kKey), " above 0, found ", tenth,
                 ", and without ", keys.full("rope.scaling.attn_factor"), ", found ", config.rope.attention_factor);
  }
  config.rope.yarn_log_multiplier = 1.0;  // the magnitude is 1
  const double factor = 1.0 + tenth * std::log(config.rope.factor);
  config.attention_scale *= static_cast<float>(factor * factor);
  return {};
}

// Newer files give the sizes of the latent vectors as those of heads, and the heads' own in keys of their own.
Status read_latent_sizes(const Keys& keys, Config& config) {
  LatentConfig& latent = config.latent;
  const int rotated = config.rope.dimensions;
  BRIM_ASSIGN(const std::int64_t size, keys.integer("attention.kv_lora_rank", std::nullopt, 1, 65536));
  BRIM_ASSIGN(const std::int64_t queries, keys.integer("attention.q_lora_rank", 0, 0, kWidest));
  BRIM_ASSIGN(const std::int64_t key_size,
              keys.integer("attention.key_length_mla", config.max_key_size(), rotated + 1, 65536));
  BRIM_ASSIGN(const std::int64_t value_size,
              keys.integer("attention.value_length_mla", config.max_value_size(), 1, 65536));
  if (key_size <= rotated) {
    return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full("attention.key_length"),
                 ": expected more than the ", rotated, " rotated values (", keys.full("rope.dimension_count"),
                 "), found ", key_size);
  }
  latent.query_size = queries;
  latent.plain_size = static_cast<int>(key_size) - rotated;
  latent.value_size = static_cast<int>(value_size);
  config.rope.first = static_cast<int>(size);
  config.attention_scale = 1.0f / std::sqrt(static_cast<float>(key_size));
  for (LayerConfig& layer : config.layers) {
    layer.mixer = &latent_attention_mixer();
    layer.kv_heads = 1;
    layer.key_size = static_cast<int>(size) + rotated;
    layer.value_size = static_cast<int>(size);
  }
  return {};
}

}  // namespace

Status configure_deepseek2(const Keys& keys, Config& config) {
  config.rope.pairs = RopePairs::interleaved;
  if (config.max_key_size() == 0) {
    return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full("attention.head_count"),
                 ": expected at least 1, found 0");
  }
  BRIM_TRY(read_latent_sizes(keys, config));
  BRIM_TRY(read_temperature(keys, config));
  if (!config.has_experts()) return {};
  BRIM_TRY(read_routing(keys, config, RouterScore::softmax));
  BRIM_TRY(read_shared_experts(keys, config));
  return read_dense_layers(keys, config);
}

}  // namespace brim::model
