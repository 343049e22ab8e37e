// gemma4: like gemma3, with other head sizes where there is a window, normalised values, which may be the keys, layers
// that attend to an earlier layer's entries, a factor for each layer's output; in the E-models embeddings for each
// layer, in the 26B model experts beside each dense feed-forward.
#include <cmath>

#include "engine/base/quote.hpp"
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/architectures/window_pattern.hpp"

namespace brim::model {
namespace {

// Sizes of heads in layers with a window.
Status read_window_sizes(const Keys& keys, Config& config) {
  const int key_size = config.max_key_size(), value_size = config.max_value_size();
  BRIM_ASSIGN(const std::int64_t keys_of, keys.integer("attention.key_length_swa", key_size, 2, 65536));
  BRIM_ASSIGN(const std::int64_t values_of, keys.integer("attention.value_length_swa", value_size, 1, 65536));
  BRIM_ASSIGN(const std::int64_t rotated, keys.integer("rope.dimension_count_swa", keys_of, 2, keys_of));
  config.rope.window_dimensions = static_cast<int>(rotated);
  for (LayerConfig& layer : config.layers) {
    if (layer.window == 0) continue;
    layer.key_size = static_cast<int>(keys_of);
    layer.value_size = static_cast<int>(values_of);
  }
  if (key_size == value_size && keys_of == values_of) return {};
  return error(ErrorCode::unsupported, keys.file().path(), ": keys ", keys.full("attention.value_length"), " and ",
               keys.full("attention.value_length_swa"), " are ", value_size, " and ", values_of,
               "; only the sizes of keys are supported, which are ", key_size, " and ", keys_of);
}

// The last layers attend to the entries of the last layer before them that has the same kind of window.
Status share_entries(const Keys& keys, Config& config) {
  const std::size_t layers = config.layers.size();
  BRIM_ASSIGN(const std::int64_t sharing,
              keys.integer("attention.shared_kv_layers", 0, 0, static_cast<std::int64_t>(layers) - 1));
  const std::size_t first = layers - static_cast<std::size_t>(sharing);
  for (std::size_t i = first; i < layers; ++i) {
    LayerConfig& layer = config.layers[i];
    for (std::size_t before = first; before-- > 0 && !layer.entries_of;) {
      const LayerConfig& other = config.layers[before];
      if (other.window != layer.window) continue;
      if (other.heads != layer.heads || other.kv_heads != layer.kv_heads) {
        return error(ErrorCode::unsupported, keys.file().path(), ": layer ", i, " has ", layer.heads, " heads and ",
                     layer.kv_heads, " KV heads, and attends to the entries of layer ", before, ", which has ",
                     other.heads, " and ", other.kv_heads, "; only the same numbers are supported");
      }
      layer.entries_of = kv::id_at<kv::LayerId>(before);
    }
    if (layer.entries_of) continue;
    return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full("attention.shared_kv_layers"), " is ",
                 sharing, ", but before layer ", first, " none is of the kind of layer ", i,
                 ", whose entries it could attend to");
  }
  return {};
}

Status add_experts(const Keys& keys, Config& config) {
  const auto blocks = static_cast<std::int64_t>(config.layers.size()) + config.next_token_layers;
  BRIM_ASSIGN(const auto widths, keys.per_layer("feed_forward_length", blocks, std::nullopt, 1, kWidest));
  for (std::size_t i = 0; i < config.layers.size(); ++i) {
    config.layers[i].kind = FeedForward::dense_and_experts;
    config.layers[i].feed_forward_width = widths[i];
  }
  return {};
}

}  // namespace

Status configure_gemma4(const Keys& keys, Config& config) {
  constexpr const char* kPattern = "attention.sliding_window_pattern";
  config.rope.pairs = RopePairs::halves;
  config.activation = Activation::gelu;
  config.query_key_norm = QueryKeyNorm::per_head;
  config.value_norm = true;
  config.keys_without_values = true;
  config.norms.after = true;
  config.layer_scales = true;
  config.attention_scale = 1.0f;
  config.embedding_scale = std::sqrt(static_cast<float>(config.embedding));
  BRIM_ASSIGN(const double logit_cap, keys.number("final_logit_softcapping", 0.0, kZeroOrMore));
  config.logit_soft_cap = static_cast<float>(logit_cap);
  BRIM_ASSIGN(config.rope.window_base, keys.number("rope.freq_base_swa", 10000.0, kRopeBase));
  config.rope.separate_window_base = true;
  BRIM_ASSIGN(const std::int64_t window, keys.integer("attention.sliding_window", std::nullopt, 1, INT64_MAX));
  if (!keys.has(kPattern)) {
    return error(ErrorCode::bad_file, keys.file().path(), " has no key ", quoted(keys.full(kPattern)),
                 " (expected which layers have a window)");
  }
  BRIM_TRY(apply_window_pattern(keys, config, window, 0));
  BRIM_TRY(read_window_sizes(keys, config));
  BRIM_TRY(share_entries(keys, config));
  BRIM_ASSIGN(config.layer_embedding, keys.integer("embedding_length_per_layer_input", 0, 0, 65536));
  return config.has_experts() ? add_experts(keys, config) : Status();
}

}  // namespace brim::model
