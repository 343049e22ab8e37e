// Reads the keys all architectures share, then lets the architecture's own file change what differs. See config.hpp.
#include "engine/model/config.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "engine/base/quote.hpp"
#include "engine/model/architectures/architectures.hpp"
#include "engine/model/keys.hpp"
#include "engine/model/layers/mixer.hpp"
#include "engine/model/unread_keys.hpp"

namespace brim::model {
namespace {

using Configure = Status (*)(const Keys&, Config&);

struct Architecture {
  std::string_view name;
  Configure configure;
};

constexpr Architecture kArchitectures[] = {
#define ARCHITECTURE(function, name) {name, &configure_##function},
#include "engine/model/architectures.def"
#undef ARCHITECTURE
};

constexpr std::int64_t kLongest = kv::kLargestContext;

// Blocks from `layers` on are left out by the metadata. One that has the matrices of a layer, and none that predicts
// further tokens, is more likely a layer, without which the answers would be wrong.
Status check_next_token_blocks(const io::Gguf& file, std::int64_t layers, std::int64_t blocks) {
  for (std::int64_t block = layers; block < blocks; ++block) {
    const std::string prefix = sentence("blk.", block, "."), predicting = prefix + "nextn.";
    bool layer = false, predicts = false;
    for (const io::Tensor& tensor : file.tensors()) {
      predicts = predicts || tensor.name.starts_with(predicting);
      layer = layer || (tensor.rows() > 1 && tensor.name.starts_with(prefix));
    }
    if (!layer || predicts) continue;
    return error(ErrorCode::bad_file, file.path(), ": key nextn_predict_layers says that block ", block,
                 " only predicts further tokens, but it has no tensor ", predicting, "*");
  }
  return {};
}

Status read_layers(const Keys& keys, Config& config) {
  // A layer has several tensors, so a count beyond the file's tensors cannot be true (and must not be allocated).
  const std::int64_t max_layers = static_cast<std::int64_t>(keys.file().tensors().size());
  BRIM_ASSIGN(const std::int64_t blocks, keys.integer("block_count", std::nullopt, 1, max_layers > 0 ? max_layers : 1));
  BRIM_ASSIGN(config.next_token_layers, keys.integer("nextn_predict_layers", 0, 0, blocks - 1));
  const std::int64_t layers = blocks - config.next_token_layers;
  BRIM_TRY(check_next_token_blocks(keys.file(), layers, blocks));
  // Zeros are for layers without attention or without a dense feed-forward: check_layers() looks at them.
  BRIM_ASSIGN(const auto heads, keys.per_layer("attention.head_count", blocks, std::nullopt, 0, 65536));
  std::vector<std::int64_t> kv_heads = heads;
  if (keys.has("attention.head_count_kv")) {
    BRIM_ASSIGN(kv_heads, keys.per_layer("attention.head_count_kv", blocks, std::nullopt, 0, 65536));
  }
  BRIM_ASSIGN(const auto widths,
              keys.per_layer("feed_forward_length", blocks,
                             config.has_experts() ? std::optional<std::int64_t>(0) : std::nullopt, 0, kWidest));
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::size_t at = static_cast<std::size_t>(i);
    LayerConfig layer;
    layer.heads = static_cast<int>(heads[at]);
    layer.kv_heads = static_cast<int>(kv_heads[at]);
    layer.feed_forward_width = widths[at];
    config.layers.push_back(layer);
  }
  return {};
}

Status read_head_sizes(const Keys& keys, Config& config) {
  std::int64_t heads = 0;
  for (const LayerConfig& layer : config.layers) heads = heads == 0 ? layer.heads : heads;
  if (heads == 0) return {};  // no attention
  std::optional<std::int64_t> share;
  if (config.embedding % heads == 0) share = config.embedding / heads;
  if (!share && !keys.has("attention.key_length")) {
    return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full("attention.head_count"),
                 ": expected a divisor of the embedding length ", config.embedding, ", found ", heads);
  }
  BRIM_ASSIGN(const std::int64_t key_size, keys.integer("attention.key_length", share, 2, 65536));
  BRIM_ASSIGN(const std::int64_t value_size, keys.integer("attention.value_length", key_size, 1, 65536));
  for (LayerConfig& layer : config.layers) {
    layer.key_size = static_cast<int>(key_size);
    layer.value_size = static_cast<int>(value_size);
  }
  return {};
}

Status read_rope(const Keys& keys, Config& config) {
  RopeConfig& rope = config.rope;
  const int key_size = config.max_key_size();
  if (key_size == 0) return {};  // no attention
  BRIM_ASSIGN(const std::int64_t dimensions, keys.integer("rope.dimension_count", key_size, 2, key_size));
  rope.dimensions = static_cast<int>(dimensions);
  BRIM_ASSIGN(rope.base, keys.number("rope.freq_base", 10000.0, kRopeBase));
  BRIM_ASSIGN(const std::string scaling,
              keys.string("rope.scaling.type",
                          keys.has("rope.scaling.factor") || keys.has("rope.scale_linear") ? "linear" : "none"));
  if (scaling == "none" || scaling == "llama3") {
    rope.scaling = RopeScaling::none;  // llama3's factors come as the tensor rope_freqs
  } else if (scaling == "linear") {
    rope.scaling = RopeScaling::linear;
  } else if (scaling == "yarn") {
    rope.scaling = RopeScaling::yarn;
  } else if (scaling == "longrope" || scaling == "su") {
    rope.scaling = RopeScaling::longrope;
  } else {
    return error(ErrorCode::unsupported, keys.file().path(), ": key ", keys.full("rope.scaling.type"),
                 ": expected none, linear, yarn, llama3 or longrope, found ", quoted(scaling));
  }
  rope.needs_factors = scaling == "llama3" || rope.scaling == RopeScaling::longrope;
  BRIM_ASSIGN(const double legacy_factor, keys.number("rope.scale_linear", 1.0, kZeroOrMore));
  BRIM_ASSIGN(const double factor, keys.number("rope.scaling.factor", legacy_factor, kZeroOrMore));
  if (rope.scaling == RopeScaling::longrope && factor != 0 && factor != 1) {
    return error(ErrorCode::unsupported, keys.file().path(), ": key ", quoted(keys.full("rope.scaling.factor")), " is ",
                 factor, "; with longrope only the factors in the file's tensors are supported");
  }
  if (factor > 0 && rope.scaling != RopeScaling::none && rope.scaling != RopeScaling::longrope) rope.factor = factor;
  BRIM_ASSIGN(rope.original_context, keys.integer("rope.scaling.original_context_length", config.context, 1, kLongest));
  BRIM_ASSIGN(rope.attention_factor, keys.number("rope.scaling.attn_factor", 1.0, kAboveZero));
  BRIM_ASSIGN(rope.yarn_beta_fast, keys.number("rope.scaling.yarn_beta_fast", 32.0, kAboveZero));
  BRIM_ASSIGN(rope.yarn_beta_slow, keys.number("rope.scaling.yarn_beta_slow", 1.0, kAboveZero));
  BRIM_ASSIGN(rope.yarn_extrapolation, keys.number("rope.scaling.yarn_ext_factor", 1.0, NumberRange{0, 1}));
  return {};
}

Status read_experts(const Keys& keys, Config& config) {
  BRIM_ASSIGN(const std::int64_t experts, keys.integer("expert_count", 0, 0, 4096));
  if (experts == 0) return {};
  BRIM_ASSIGN(const std::int64_t used, keys.integer("expert_used_count", std::nullopt, 1, experts));
  config.experts = static_cast<int>(experts);
  config.experts_used = static_cast<int>(used);
  return {};
}

Error not_even(const Keys& keys, std::string_view key, int found) {
  return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full(key), ": expected an even number, found ",
               found);
}

Status check_attention(const Keys& keys, Config& config, const LayerConfig& layer) {
  const auto no_heads = [&](std::string_view key) {
    return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full(key), ": expected at least 1, found 0");
  };
  if (layer.heads == 0) return no_heads("attention.head_count");
  if (layer.kv_heads == 0) return no_heads("attention.head_count_kv");
  if (layer.heads % layer.kv_heads != 0) {
    return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full("attention.head_count_kv"),
                 ": expected a divisor of the ", layer.heads, " heads, found ", layer.kv_heads);
  }
  if (!layer.rope) return {};
  if (layer.key_size % 2 != 0) return not_even(keys, "attention.key_length", layer.key_size);
  const int dimensions = config.rope.dimensions_of(layer.window > 0);
  if (dimensions % 2 != 0) return not_even(keys, "rope.dimension_count", dimensions);
  return {};
}

/// What the architecture has made of the layers: each has the sizes that its kind needs, and no others.
Status check_layers(const Keys& keys, Config& config) {
  for (LayerConfig& layer : config.layers) {
    if (layer.mixer != nullptr && layer.mixer->keeps_entries()) {
      BRIM_TRY(check_attention(keys, config, layer));
    } else {
      layer.heads = layer.kv_heads = layer.key_size = layer.value_size = 0;
      layer.window = 0;
      layer.rope = false;
    }
    if (layer.kind == FeedForward::none) layer.feed_forward_width = 0;
    const bool dense = layer.kind != FeedForward::none && layer.kind != FeedForward::experts;
    if (dense && layer.feed_forward_width < 1) {
      return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full("feed_forward_length"),
                   ": expected at least 1, found ", layer.feed_forward_width);
    }
  }
  config.rope.dimensions -= config.rope.dimensions % 2;  // odd only where no layer rotates
  return {};
}

/// Reports a file that holds something else than a model, or has no weights.
Status check_kind(const io::Gguf& file) {
  constexpr std::string_view kOtherKinds[] = {"adapter", "control_vector", "dataset", "imatrix", "mmproj"};
  BRIM_ASSIGN(const std::string kind, file.string("general.type", "model"));
  if (std::find(std::begin(kOtherKinds), std::end(kOtherKinds), kind) != std::end(kOtherKinds)) {
    return error(ErrorCode::unsupported, file.path(), " is of the kind ", quoted(kind),
                 " (key general.type) and not a model that can be run");
  }
  if (!file.tensors().empty()) return {};
  const bool vocabulary = file.find("tokenizer.ggml.tokens") != nullptr;
  return error(ErrorCode::unsupported, file.path(),
               vocabulary ? " holds a vocabulary only: without weights it can be used to tokenize, but not be run"
                          : " holds no tensors, and so no model");
}

}  // namespace

bool LayerConfig::keeps_entries() const { return mixer != nullptr && mixer->keeps_entries() && !entries_of; }

int Config::max_key_size() const {
  int size = 0;
  for (const LayerConfig& layer : layers) size = std::max(size, layer.key_size);
  return size;
}

int Config::max_value_size() const {
  int size = 0;
  for (const LayerConfig& layer : layers) size = std::max(size, layer.value_size);
  return size;
}

std::string architecture_names() {
  std::string names;
  for (const Architecture& architecture : kArchitectures) {
    if (!names.empty()) names += ", ";
    names += architecture.name;
  }
  return names;
}

Result<Config> read_config(const io::Gguf& file) {
  Config config;
  BRIM_TRY(check_kind(file));
  BRIM_ASSIGN(config.architecture, file.string("general.architecture", std::nullopt));
  const Architecture* known = nullptr;
  for (const Architecture& architecture : kArchitectures) {
    if (architecture.name == config.architecture) known = &architecture;
  }
  if (known == nullptr) {
    return error(ErrorCode::unsupported, file.path(), ": architecture ", quoted(config.architecture),
                 " is not one Brim knows (", architecture_names(), ")");
  }
  BRIM_ASSIGN(config.name, file.string("general.name", ""));
  const Keys keys(file, config.architecture);
  BRIM_ASSIGN(config.context, keys.integer("context_length", std::nullopt, 1, kLongest));
  BRIM_ASSIGN(config.embedding, keys.integer("embedding_length", std::nullopt, 1, kWidest));
  BRIM_TRY(read_experts(keys, config));
  BRIM_TRY(read_layers(keys, config));
  BRIM_TRY(read_head_sizes(keys, config));
  BRIM_TRY(read_rope(keys, config));
  if (config.has_experts()) {
    // Old Mixtral and OLMoE files give the experts' width as the feed-forward width.
    const std::int64_t width = config.layers[0].feed_forward_width;
    BRIM_ASSIGN(config.expert_feed_forward, keys.integer("expert_feed_forward_length",
                                                         width > 0 ? std::optional(width) : std::nullopt, 1, kWidest));
    for (LayerConfig& layer : config.layers) {
      layer.kind = FeedForward::experts;
      layer.feed_forward_width = 0;
    }
  }
  BRIM_ASSIGN(const double epsilon, keys.number("attention.layer_norm_rms_epsilon", 1e-5, NumberRange{0, 1}));
  config.norm_epsilon = static_cast<float>(epsilon);
  config.attention_scale = 1.0f / std::sqrt(static_cast<float>(config.max_key_size()));
  BRIM_TRY(known->configure(keys, config));
  BRIM_TRY(check_layers(keys, config));
  BRIM_ASSIGN(const double scale, keys.number("attention.scale", 0.0, kZeroOrMore));
  if (scale != 0) config.attention_scale = static_cast<float>(scale);
  BRIM_ASSIGN(config.unknown_keys, check_unread_keys(keys, config));
  return config;
}

kv::Shape kv_shape(const Config& config, std::int64_t context, kernels::KvTypes types) {
  kv::Shape shape;
  shape.context = context;
  const bool all_keep_entries = std::all_of(config.layers.begin(), config.layers.end(),
                                            [](const LayerConfig& layer) { return layer.keeps_entries(); });
  const auto attended_later = [&](kv::LayerId id) {
    return std::any_of(config.layers.begin(), config.layers.end(),
                       [&](const LayerConfig& layer) { return layer.entries_of == id; });
  };
  for (const kv::LayerId id : kv::ids_up_to<kv::LayerId>(config.layers.size())) {
    const LayerConfig& layer = config.layer(id);
    if (layer.mixer == nullptr) continue;
    if (const std::int64_t bytes = layer.mixer->state_bytes(config, layer); bytes > 0)
      shape.states.push_back({id, bytes});
    if (!layer.keeps_entries()) continue;
    if (!all_keep_entries) shape.heads.push_back({id, 0});
    kv::StreamShape one;
    one.kv_heads = layer.kv_heads;
    one.key_size = layer.key_size;
    one.value_size = layer.value_size;
    one.window = layer.window;
    one.rope = layer.rope;
    one.types = types;
    one.held = attended_later(id);
    one.values_in_keys = layer.mixer->values_in_keys();
    shape.layers.push_back(one);
  }
  return shape;
}

}  // namespace brim::model
