// Rotary positions: from the model's rope settings to cosines and sines. Angles are computed in double, so that position
// 100,000 is as exact as position 1.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/kv/memory.hpp"
#include "engine/model/config.hpp"

namespace brim::model {

/// Optional per-frequency divisors from the file (tensors rope_freqs, rope_factors_long, rope_factors_short).
struct RopeFactors {
  std::vector<float> common;  ///< llama3
  std::vector<float> longer;  ///< longrope, used when the context is longer than the original one
  std::vector<float> shorter;
};

/// The angles per position of one kind of layer. Immutable.
struct RopeFrequencies {
  std::vector<double> angle;  ///< radians per position, one per pair
  double magnitude = 1.0;     ///< multiplies cosines and sines

  /// Writes cosines and sines of one position, one per pair.
  void at(std::int64_t position, float* cosines, float* sines) const noexcept;
};

/// What the queries of the token at `position` are multiplied by (QueryTemperature has the formula).
float query_scale(const QueryTemperature& temperature, std::int64_t position) noexcept;

/// Both kinds of a model (layers that see everything, layers with a window), fixed for one context length.
/// Linear scaling divides positions by the factor; YaRN (Peng et al. 2023, arXiv 2309.00071, §3) blends interpolated and
/// original frequencies between the wavelengths of beta_fast and beta_slow and scales the magnitude by 0.1·ln(factor) + 1,
/// divided by 0.1·m·ln(factor) + 1 where the model has a log multiplier m (DeepSeek's mscale and mscale_all_dim);
/// longrope divides each frequency by its factor from the file.
class Rope final : public kv::KeyRotation {
 public:
  /// `context` decides between long and short factors. `factors` have one entry per pair or are empty.
  Rope(const Config& config, const RopeFactors& factors, std::int64_t context);

  const RopeFrequencies& of_layer(kv::LayerId layer) const {
    return windowed_[kv::index_of(layer)] ? window_ : global_;
  }
  const RopeFrequencies& global() const { return global_; }
  const RopeFrequencies& window() const { return window_; }
  /// Rotates keys[count][key_size] of a layer by −delta positions (magnitude 1): moving stored keys in position space.
  void rotate_back(kv::LayerId layer, float* keys, std::int64_t count, std::int64_t delta) const noexcept override;

 private:
  RopeFrequencies global_, window_;
  std::vector<bool> windowed_;  // layers that use window_
  std::vector<bool> rotated_;   // layers with rope at all
  std::vector<int> key_sizes_;  // of each layer
  RopePairs pairs_;
  std::size_t first_;  // rotated value of a key
};

}  // namespace brim::model
