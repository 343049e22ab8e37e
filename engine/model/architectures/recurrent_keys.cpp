// See recurrent_keys.hpp.
#include "engine/model/architectures/recurrent_keys.hpp"

#include "engine/model/layers/mixer.hpp"
#include "kernels/recurrence.hpp"

namespace brim::model {
namespace {

constexpr std::int64_t kMaxHeads = 65536;

Status name_recurrent_layers(const Keys& keys, Config& config, const Mixer& mixer) {
  constexpr const char* kKey = "attention.recurrent_layers";
  const auto layers = static_cast<std::int64_t>(config.layers.size()), blocks = layers + config.next_token_layers;
  // Read in either case, so that neither key counts as unknown.
  BRIM_ASSIGN(const std::int64_t interval, keys.integer("full_attention_interval", 4, 1, 1000000));
  const io::Value* value = keys.value(kKey);
  const io::Array* array = value != nullptr ? value->as_array() : nullptr;
  if (value != nullptr && (array == nullptr || array->count != static_cast<std::uint64_t>(blocks) ||
                           array->element == io::ValueType::string || array->element == io::ValueType::array)) {
    return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full(kKey), ": expected ", blocks,
                 " values (one per layer), found ", io::type_text(*value));
  }
  for (std::int64_t i = 0; i < layers; ++i) {
    bool recurrent = (i + 1) % interval != 0;
    if (array != nullptr) {
      const io::Value element = io::array_element(*array, static_cast<std::uint64_t>(i));
      recurrent = element.as_bool() ? *element.as_bool() : element.as_integer().value_or(0) != 0;
    }
    if (recurrent) config.layers[static_cast<std::size_t>(i)].mixer = &mixer;
  }
  return {};
}

}  // namespace

Status read_state_space(const Keys& keys, Config& config) {
  RecurrentConfig& shape = config.recurrent;
  BRIM_ASSIGN(const std::int64_t taps, keys.integer("ssm.conv_kernel", std::nullopt, 2, kernels::kMaxTaps));
  BRIM_ASSIGN(const std::int64_t inner, keys.integer("ssm.inner_size", std::nullopt, 1, kWidest));
  BRIM_ASSIGN(const std::int64_t state, keys.integer("ssm.state_size", std::nullopt, 1, 65536));
  BRIM_ASSIGN(const std::int64_t heads, keys.integer("ssm.time_step_rank", std::nullopt, 1, kMaxHeads));
  BRIM_ASSIGN(const std::int64_t groups, keys.integer("ssm.group_count", std::nullopt, 1, heads));
  if (inner % heads != 0) {
    return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full("ssm.inner_size"),
                 ": expected a multiple of the ", heads, " heads (", keys.full("ssm.time_step_rank"), "), found ",
                 inner);
  }
  if (heads % groups != 0) {
    return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full("ssm.group_count"),
                 ": expected a divisor of the ", heads, " heads (", keys.full("ssm.time_step_rank"), "), found ",
                 groups);
  }
  shape.taps = static_cast<int>(taps);
  shape.heads = static_cast<int>(heads);
  shape.key_heads = static_cast<int>(groups);
  shape.key_size = static_cast<int>(state);
  shape.value_size = static_cast<int>(inner / heads);
  return {};
}

void mix_without_kv_heads(Config& config, const Mixer& mixer) {
  for (LayerConfig& layer : config.layers) {
    if (layer.kv_heads == 0) layer.mixer = &mixer;
  }
}

Status configure_delta_net(const Keys& keys, Config& config) {
  config.rope.pairs = RopePairs::halves;
  config.query_key_norm = QueryKeyNorm::per_head;
  config.query_gate = true;
  config.norms.feed_forward = "post_attention_norm";
  if (config.max_value_size() != config.max_key_size()) {
    return error(ErrorCode::unsupported, keys.file().path(), ": key ", keys.full("attention.value_length"), " is ",
                 config.max_value_size(), "; for the architecture ", config.architecture,
                 " only the size of a key is supported, which is ", config.max_key_size());
  }
  BRIM_TRY(read_state_space(keys, config));
  return name_recurrent_layers(keys, config, delta_net_mixer());
}

Status check_rope_sections(const Keys& keys, const Config& config) {
  constexpr const char* kKey = "rope.dimension_sections";
  const io::Value* value = keys.value(kKey);
  if (value == nullptr) return {};
  const io::Array* array = value->as_array();
  std::int64_t sections[4] = {}, sum = 0;
  bool valid = array != nullptr && array->count >= 3 && array->count <= 4 && array->element != io::ValueType::string &&
               array->element != io::ValueType::array;
  for (std::uint64_t i = 0; valid && i < array->count; ++i) {
    const auto size = io::array_element(*array, i).as_integer();
    valid = size && *size >= 0 && *size <= config.rope.dimensions;
    if (valid) sum += sections[i] = *size;
  }
  if (!valid || sum == 0) {
    return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full(kKey),
                 ": expected three or four numbers of pairs, found ", io::shown(*value));
  }
  for (std::int64_t pair = 0; pair < config.rope.dimensions / 2; ++pair) {
    const std::int64_t place = pair % sum;
    if (place < 3 * sections[place % 3]) continue;
    return error(ErrorCode::unsupported, keys.file().path(), ": key ", keys.full(kKey), " leaves pair ", pair, " of ",
                 config.rope.dimensions / 2, " without a text position, which Brim does not compute");
  }
  return {};
}

}  // namespace brim::model
