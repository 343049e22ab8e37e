// See unread_keys.hpp.
#include "engine/model/unread_keys.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "engine/base/quote.hpp"

namespace brim::model {
namespace {

// Beginnings of the names of keys that control the arithmetic. A key with this beginning that is unknown to Brim is
// refused, too.
constexpr std::string_view kFamilies[] = {
    "attention.", "rope.",       "expert_",     "ssm.",        "wkv.",      "shortconv.",        "altup.",
    "laurel.",    "xielu.",      "swiglu_",     "moe_",        "convnext.", "posnet.",           "dense_",
    "deepstack",  "n_deepstack", "activation_", "token_shift", "time_",     "hyper_connection.", "decoder_",
    "hidden_act",
};
constexpr std::string_view kNames[] = {
    "attn_logit_softcapping",    "clamp_kqv",
    "embedding_length_out",      "embedding_length_per_layer_input",
    "embedding_scale",           "final_logit_softcapping",
    "full_attention_interval",   "interleave_moe_layer_step",
    "leading_dense_block_count", "logit_scale",
    "nextn_predict_layers",      "pooling_type",
    "rescale_every_n_layers",    "residual_scale",
    "router_logit_softcapping",  "use_parallel_residual",
};
// A name with one of these words between its dots and underscores speaks of arithmetic, whoever invented it:
// "embedding_multiplier", "logits_scaling", "norm_type", "feed_forward_act".
constexpr std::string_view kFactorWords[] = {"multiplier", "multipliers", "scale", "scales", "scaling"};
constexpr std::string_view kWords[] = {
    "act",   "activation", "activations",   "cap",           "causal", "clamp",       "clip",   "norm",    "softcap",
    "norms", "normalize",  "normalization", "normalisation", "qknorm", "softcapping", "window", "windows",
};
// Known to change nothing: notes of a tool, or information that another key of the file gives better.
constexpr std::string_view kHarmless[] = {"vocab_size", "tensor_data_layout", "rope.scaling.finetuned"};
// Of encoders for images and sounds, whose tensors are skipped too.
constexpr std::string_view kOtherTowers[] = {"vision.", "audio.", "mm.", "projector."};
// "Not used" is 1 for these, as well as 0.
constexpr std::string_view kFactors[] = {
    "attention.output_scale",
    "attention.value_scale",
    "embedding_scale",
    "expert_gating_func" /* 1: softmax */,
    "expert_group_count",
    "expert_group_used_count",
    "expert_weights_scale",
    "interleave_moe_layer_step",
    "logit_scale",
    "rope.scaling.yarn_attn_factor",
    "residual_scale",
};

template <std::size_t N>
bool contains(const std::string_view (&list)[N], std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

template <std::size_t N>
bool begins_with_one_of(const std::string_view (&list)[N], std::string_view name) {
  return std::any_of(std::begin(list), std::end(list), [&](std::string_view begin) { return name.starts_with(begin); });
}

// Whether a word between the dots and underscores of the name is in the list.
template <std::size_t N>
bool has_word(const std::string_view (&list)[N], std::string_view name) {
  while (!name.empty()) {
    const std::size_t end = std::min(name.find_first_of("._"), name.size());
    if (contains(list, name.substr(0, end))) return true;
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return false;
}

bool has_word(std::string_view word, std::string_view name) {
  const std::string_view one[] = {word};
  return has_word(one, name);
}

bool changes_arithmetic(std::string_view name) {
  return contains(kNames, name) || begins_with_one_of(kFamilies, name) || has_word(kFactorWords, name) ||
         has_word(kWords, name);
}

bool windowed(const Config& config) {
  return std::any_of(config.layers.begin(), config.layers.end(),
                     [](const LayerConfig& layer) { return layer.window > 0; });
}

// Whether a text names what the decoder does anyway: the activation, and the kind of norms.
bool is_neutral_text(std::string_view name, std::string_view text, const Config& config) {
  constexpr std::string_view kRms[] = {"rms", "rmsnorm", "rms_norm"};
  constexpr std::string_view kLayer[] = {"layer", "layernorm", "layer_norm"};
  constexpr std::string_view kSilu[] = {"silu", "swish", "swiglu"};
  constexpr std::string_view kGelu[] = {"gelu", "gelu_tanh", "gelu_pytorch_tanh", "gelu_new", "geglu"};
  constexpr std::string_view kReluSquared[] = {"relu2", "relu_squared", "squared_relu"};
  if (text.empty()) return true;
  if (has_word("norm", name)) {
    return config.norms.kind == NormKind::rms ? contains(kRms, text) : contains(kLayer, text);
  }
  if (!has_word("act", name) && !has_word("activation", name)) return false;
  switch (config.activation) {
    case Activation::silu:
      return contains(kSilu, text);
    case Activation::gelu:
      return contains(kGelu, text);
    case Activation::relu_squared:
      return contains(kReluSquared, text);
    case Activation::clamped_silu:
      break;
  }
  return false;
}

// Whether one number, flag or text says what the decoder does anyway.
bool is_neutral(std::string_view name, const io::Value& value, const Keys& keys, const Config& config) {
  if (const auto text = value.as_string()) return is_neutral_text(name, *text, config);
  const auto flag = value.as_bool();
  const double number = flag ? *flag : value.as_number().value_or(0);
  if (has_word("causal", name)) return number == 1;
  if (name == "qk_norm") return (number != 0) == (config.query_key_norm != QueryKeyNorm::none);
  if (name == "attention.layer_norm_epsilon") return keys.has("attention.layer_norm_rms_epsilon");
  if (name == "attention.key_length_swa") return number == config.max_key_size();
  if (name == "attention.value_length_swa") return number == config.max_value_size();
  if (name == "attention.sliding_window_pattern" && !windowed(config)) return true;
  if (name == "rope.freq_base_swa") return number == config.rope.base || !windowed(config);
  if (name == "rope.dimension_count_swa") return number == config.rope.dimensions || !windowed(config);
  if (name == "embedding_length_out" && number == static_cast<double>(config.embedding)) return true;
  if (name == "expert_weights_norm" && (!config.has_experts() || (number != 0) == config.expert_weights_normalised)) {
    return true;
  }
  // A flag that is set says that something is scaled, a factor of 1 that nothing is.
  return number == 0 || (number == 1 && (contains(kFactors, name) || (!flag && has_word(kFactorWords, name))));
}

bool is_neutral_throughout(std::string_view name, const io::Value& value, const Keys& keys, const Config& config) {
  const io::Array* array = value.as_array();
  if (array == nullptr) return is_neutral(name, value, keys, config);
  for (std::uint64_t i = 0; i < array->count; ++i) {
    const io::Value element = io::array_element(*array, i);
    if (element.as_array() != nullptr || !is_neutral(name, element, keys, config)) return false;
  }
  return true;
}

std::string text_of(const io::Value& value) {
  const auto flag = value.as_bool();
  return flag ? sentence(*flag) : io::shown(value);
}

}  // namespace

Result<std::vector<std::string>> check_unread_keys(const Keys& keys, const Config& config) {
  std::vector<std::string> unknown;
  for (const io::Gguf::Entry& entry : keys.file().metadata()) {
    if (!entry.key.starts_with(keys.prefix())) continue;
    const std::string_view name = entry.key.substr(keys.prefix().size());
    if (keys.was_read(name) || contains(kHarmless, name) || begins_with_one_of(kOtherTowers, name)) continue;
    if (!changes_arithmetic(name)) {
      unknown.emplace_back(entry.key);
    } else if (!is_neutral_throughout(name, entry.value, keys, config)) {
      return error(ErrorCode::unsupported, keys.file().path(), ": key ", quoted(entry.key), " is ",
                   text_of(entry.value), ", which Brim does not compute for the architecture ", config.architecture);
    }
  }
  return unknown;
}

}  // namespace brim::model
