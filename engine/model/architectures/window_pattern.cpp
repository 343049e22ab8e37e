// See window_pattern.hpp.
#include "engine/model/architectures/window_pattern.hpp"

namespace brim::model {

Status apply_window(const Keys& keys, Config& config) {
  BRIM_ASSIGN(const std::int64_t window, keys.integer("attention.sliding_window", 0, 0, INT64_MAX));
  for (LayerConfig& layer : config.layers) layer.window = window;
  return {};
}

Status apply_window_pattern(const Keys& keys, Config& config, std::int64_t window, std::int64_t period) {
  constexpr const char* kKey = "attention.sliding_window_pattern";
  const std::int64_t layers = static_cast<std::int64_t>(config.layers.size());
  const io::Value* value = keys.value(kKey);
  if (value != nullptr && value->as_array() != nullptr) {
    const io::Array& array = *value->as_array();
    if (array.count != static_cast<std::uint64_t>(layers + config.next_token_layers) ||
        array.element == io::ValueType::string || array.element == io::ValueType::array) {
      return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full(kKey), ": expected ",
                   layers + config.next_token_layers, " values (one per layer), found ", io::type_text(*value),
                   " of length ", array.count);
    }
    for (std::uint64_t i = 0; i < config.layers.size(); ++i) {
      const io::Value element = io::array_element(array, i);
      const bool windowed = element.as_bool() ? *element.as_bool() : element.as_integer().value_or(0) != 0;
      config.layers[static_cast<std::size_t>(i)].window = windowed ? window : 0;
    }
    return {};
  }
  BRIM_ASSIGN(const std::int64_t every, keys.integer(kKey, period, 0, layers > 1000000 ? layers : 1000000));
  for (std::int64_t i = 0; i < layers; ++i) {
    const bool global = every > 0 && i % every == every - 1;
    config.layers[static_cast<std::size_t>(i)].window = global ? 0 : window;
  }
  return {};
}

void rotate_windowed_layers_only(Config& config) {
  for (LayerConfig& layer : config.layers) layer.rope = layer.window > 0;
}

}  // namespace brim::model
