// The rules behind mix.hpp. Their source is llama.cpp's quantisation as of 2025, restricted to the formats Brim packs
// and to packing without an importance matrix.
#include "quant/mix.hpp"

#include <iterator>

namespace brim::quant {
namespace {

constexpr MixInfo kMixes[] = {
#define MIX(identifier, name, other_name, format, file_type, purpose) \
  {name, other_name, Format::format, file_type, purpose},
#include "quant/mixes.def"
#undef MIX
};

constexpr char upper(char letter) {
  return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
}

bool equals_upper_case(std::string_view any, std::string_view upper_case) {
  if (any.size() != upper_case.size()) return false;
  for (std::size_t i = 0; i < any.size(); ++i) {
    if (upper(any[i]) != upper_case[i]) return false;
  }
  return true;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// The role of a tensor, as far as the rules distinguish tensors.
enum class Role { output, token_embedding, attention_value, attention_key, attention_output, feed_forward_down, other };

Role role_of(std::string_view name) {
  if (name == "output.weight") return Role::output;
  if (name == "token_embd.weight" || name == "per_layer_token_embd.weight") return Role::token_embedding;
  if (is_attention_value(name)) return Role::attention_value;
  if (contains(name, "attn_k.weight")) return Role::attention_key;
  if (contains(name, "attn_output.weight")) return Role::attention_output;
  if (contains(name, "ffn_down")) return Role::feed_forward_down;
  return Role::other;
}

/// Matrices that are small and sensitive, or that no engine multiplies by in a packed format. First the norms, routers
/// and position tables of the models that Brim runs, then those of state-space, RWKV, T5 and Gemma 3n models, which may
/// be packed for other engines.
constexpr std::string_view kKept[] = {
    "_norm.weight",
    "ffn_gate_inp.weight",
    "position_embd",
    "token_types",
    "ssm_conv1d",
    "shortconv.conv",
    "attn_rel_b",
    "altup",
    "laurel",
    "per_layer_model_proj",
    "time_mix_first",
    "time_mix_w0",
    "time_mix_w1",
    "time_mix_w2",
    "time_mix_v0",
    "time_mix_v1",
    "time_mix_v2",
    "time_mix_a0",
    "time_mix_a1",
    "time_mix_a2",
    "time_mix_g1",
    "time_mix_g2",
    "time_mix_decay_w1",
    "time_mix_decay_w2",
    "time_mix_lerp_fused",
};

bool keeps_its_format(const TensorFacts& tensor) {
  if (tensor.dimensions < 2 || !tensor.name.ends_with("weight")) return true;
  for (const std::string_view part : kKept) {
    if (contains(tensor.name, part)) return true;
  }
  return false;
}

/// The layer in "blk.12.ffn_down.weight", 0 when the name has none.
int layer_of(std::string_view name) {
  if (!name.starts_with("blk.")) return 0;
  int layer = 0;
  for (std::size_t i = 4; i < name.size() && name[i] >= '0' && name[i] <= '9' && layer < 1'000'000; ++i) {
    layer = layer * 10 + (name[i] - '0');
  }
  return layer;
}

/// The first eighth of the layers, the last eighth and every third between them: where more bits improve the model
/// most.
bool more_bits(int index, int count) {
  return index < count / 8 || index >= 7 * count / 8 || (index - count / 8) % 3 == 2;
}

Format attention_value_format(Mix mix, Format format, const ModelFacts& model, int index) {
  switch (mix) {
    case Mix::q2_k:
      format = model.heads_per_kv_head >= 4 ? Format::q4_k : Format::q3_k;
      break;
    case Mix::q3_k_m:
      format = index < 2 ? Format::q5_k : Format::q4_k;
      break;
    case Mix::q3_k_l:
      format = Format::q5_k;
      break;
    case Mix::q4_k_s:
      if (index < 4) format = Format::q5_k;
      break;
    case Mix::q4_k_m:
    case Mix::q5_k_m:
      if (more_bits(index, model.attention_value_count)) format = Format::q6_k;
      break;
    default:
      break;
  }
  // The 70B models share one value head between eight heads: these matrices are small and much depends on them.
  const bool large_llama = model.architecture == "llama" && model.heads_per_kv_head > 1;
  if (model.layer_count == 80 && (large_llama || model.architecture == "qwen2") &&
      (format == Format::q3_k || format == Format::q4_k)) {
    format = Format::q5_k;
  }
  return model.expert_count == 8 ? Format::q8_0 : format;  // small compared with the experts
}

Format feed_forward_down_format(Mix mix, Format format, const ModelFacts& model, int layer) {
  const int layers = model.layer_count;
  const bool falcon = model.architecture == "falcon";
  switch (mix) {
    case Mix::q2_k:
      return Format::q3_k;
    case Mix::q3_k_m:
      if (layer < layers / 16) return Format::q5_k;
      return !falcon || more_bits(layer, layers) ? Format::q4_k : Format::q3_k;
    case Mix::q3_k_l:
      return falcon ? Format::q4_k : Format::q5_k;
    case Mix::q4_k_s:
      return !falcon && layer < layers / 8 ? Format::q5_k : format;
    case Mix::q4_k_m:
      if (falcon && layer >= layers / 16) return more_bits(layer, layers) ? Format::q5_k : Format::q4_k;
      return falcon || more_bits(layer, layers) ? Format::q6_k : format;
    case Mix::q5_k_m:
      return more_bits(layer, layers) ? Format::q6_k : format;
    default:
      return format;
  }
}

Format attention_output_format(Mix mix, Format format, const ModelFacts& model) {
  if (model.architecture == "falcon") return mix == Mix::q3_k_l ? Format::q4_k : format;
  if (model.expert_count == 8) {
    const bool few_bits =
        format == Format::q2_k || format == Format::q4_k || (format == Format::q3_k && mix != Mix::q3_k_l);
    return few_bits ? Format::q5_k : format;
  }
  if (mix == Mix::q2_k) return Format::q3_k;
  if (mix == Mix::q3_k_m) return Format::q4_k;
  return mix == Mix::q3_k_l ? Format::q5_k : format;
}

Format wanted_format(Mix mix, const ModelFacts& model, const TensorFacts& tensor) {
  const Format format = kMixes[static_cast<int>(mix)].format;
  if (mix == Mix::mxfp4 && model.expert_count > 0) return tensor.dimensions > 2 ? format : Format::q8_0;
  const Role role = role_of(tensor.name);
  if (role == Role::output || (role == Role::token_embedding && model.tied_output)) {
    if (model.architecture == "falcon" || tensor.row_length % info(format).block_length != 0) return Format::q8_0;
    return format == Format::q8_0 ? format : Format::q6_k;
  }
  switch (role) {
    case Role::attention_value:
      return attention_value_format(mix, format, model, tensor.attention_value_index);
    case Role::attention_key:
      return model.expert_count == 8 ? Format::q8_0 : format;
    case Role::feed_forward_down:
      return feed_forward_down_format(mix, format, model, layer_of(tensor.name));
    case Role::attention_output:
      return attention_output_format(mix, format, model);
    default:
      return format;
  }
}

/// The format with blocks of 32 that replaces a format with blocks of 256.
Format stand_in(Format format) {
  switch (format) {
    case Format::q2_k:
    case Format::q3_k:
      return Format::q4_0;
    case Format::q4_k:
      return Format::q5_0;
    case Format::q5_k:
      return Format::q5_1;
    case Format::q6_k:
      return Format::q8_0;
    default:
      return Format::f16;
  }
}

}  // namespace

std::span<const MixInfo> mixes() noexcept { return kMixes; }

std::optional<Mix> mix_from_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < std::size(kMixes); ++i) {
    const std::string_view other = kMixes[i].other_name;
    if (equals_upper_case(name, kMixes[i].name) || (!other.empty() && equals_upper_case(name, other)))
      return static_cast<Mix>(i);
  }
  return std::nullopt;
}

bool is_attention_value(std::string_view name) noexcept {
  return contains(name, "attn_v.weight") || contains(name, "attn_qkv.weight") || contains(name, "attn_kv_b.weight");
}

Choice choose_format(Mix mix, bool pure, const ModelFacts& model, const TensorFacts& tensor) noexcept {
  if (keeps_its_format(tensor)) return {tensor.format, false};
  const Format mix_format = kMixes[static_cast<int>(mix)].format;
  if (info(mix_format).block_length == 1) return {mix_format, false};
  Format format = pure ? mix_format : wanted_format(mix, model, tensor);
  if (tensor.row_length % info(format).block_length == 0) return {format, false};
  format = stand_in(format);
  if (tensor.row_length % info(format).block_length != 0) format = Format::f16;
  return {format, true};
}

}  // namespace brim::quant
