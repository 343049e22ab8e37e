// See rope.hpp.
#include "engine/model/rope.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace brim::model {
namespace {

// The dimension at which `turns` full turns fit into the original context (YaRN, equation 17 inverted).
double yarn_dimension(const RopeConfig& rope, double turns) {
  return rope.dimensions * std::log(static_cast<double>(rope.original_context) / (turns * 2.0 * std::numbers::pi)) /
         (2.0 * std::log(rope.base));
}

RopeFrequencies scaled_frequencies(const RopeConfig& rope, const std::vector<float>& factors) {
  RopeFrequencies result;
  const double first = std::max(0.0, std::floor(yarn_dimension(rope, rope.yarn_beta_fast)));
  const double last = std::min(rope.dimensions - 1.0, std::ceil(yarn_dimension(rope, rope.yarn_beta_slow)));
  for (int pair = 0; pair < rope.dimensions / 2; ++pair) {
    double angle = std::pow(rope.base, -2.0 * pair / rope.dimensions);
    if (!factors.empty()) angle /= factors[static_cast<std::size_t>(pair)];
    const double interpolated = angle / rope.factor;
    if (rope.scaling == RopeScaling::yarn) {
      const double ramp = std::clamp((pair - first) / std::max(0.001, last - first), 0.0, 1.0);
      const double original_share = (1.0 - ramp) * rope.yarn_extrapolation;
      angle = interpolated * (1.0 - original_share) + angle * original_share;
    } else {
      angle = interpolated;
    }
    result.angle.push_back(angle);
  }
  result.magnitude = rope.attention_factor;
  if (rope.scaling == RopeScaling::yarn && rope.yarn_extrapolation != 0 && rope.factor > 1) {
    result.magnitude *= 1.0 + 0.1 * std::log(rope.factor);
    result.magnitude /= 1.0 + 0.1 * rope.yarn_log_multiplier * std::log(rope.factor);
  }
  return result;
}

}  // namespace

float query_scale(const QueryTemperature& temperature, std::int64_t position) noexcept {
  return static_cast<float>(1.0 +
                            temperature.scale * std::log(1.0 + static_cast<double>(position / temperature.period)));
}

void RopeFrequencies::at(std::int64_t position, float* cosines, float* sines) const noexcept {
  for (std::size_t pair = 0; pair < angle.size(); ++pair) {
    const double theta = static_cast<double>(position) * angle[pair];
    cosines[pair] = static_cast<float>(std::cos(theta) * magnitude);
    sines[pair] = static_cast<float>(std::sin(theta) * magnitude);
  }
}

Rope::Rope(const Config& config, const RopeFactors& factors, std::int64_t context)
    : pairs_(config.rope.pairs), first_(static_cast<std::size_t>(config.rope.first)) {
  const RopeConfig& rope = config.rope;
  const bool is_long = context > rope.original_context;
  const std::vector<float>& chosen = !factors.longer.empty() && is_long     ? factors.longer
                                     : !factors.shorter.empty() && !is_long ? factors.shorter
                                                                            : factors.common;
  global_ = scaled_frequencies(rope, chosen);
  if (rope.separate_window_base) {
    RopeConfig plain;
    plain.dimensions = rope.dimensions_of(true);
    plain.base = rope.window_base;
    window_ = scaled_frequencies(plain, {});
  } else {
    window_ = global_;
  }
  for (const LayerConfig& layer : config.layers) {
    windowed_.push_back(layer.window > 0);
    rotated_.push_back(layer.rope);
    key_sizes_.push_back(layer.key_size);
  }
}

void Rope::rotate_back(kv::LayerId layer, float* keys, std::int64_t count, std::int64_t delta) const noexcept {
  if (!rotated_[kv::index_of(layer)]) return;
  const std::vector<double>& angles = of_layer(layer).angle;
  const std::size_t pairs = angles.size();
  const int key_size = key_sizes_[kv::index_of(layer)];
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    const double theta = -static_cast<double>(delta) * angles[pair];
    const double cosine = std::cos(theta), sine = std::sin(theta);
    const std::size_t first = first_ + (pairs_ == RopePairs::interleaved ? 2 * pair : pair);
    const std::size_t second = first_ + (pairs_ == RopePairs::interleaved ? 2 * pair + 1 : pair + pairs);
    for (std::int64_t k = 0; k < count; ++k) {
      float* key = keys + k * key_size;
      const double x = key[first], y = key[second];
      key[first] = static_cast<float>(x * cosine - y * sine);
      key[second] = static_cast<float>(x * sine + y * cosine);
    }
  }
}

}  // namespace brim::model
