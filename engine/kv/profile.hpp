// What calibration learned about a model's layers (`brim calibrate`), for the splits that go by measurements. Plain data:
// where it is written and read is engine/model's business.
#pragma once

#include <array>
#include <vector>

namespace brim::kv {

/// The fractions of its entries that a layer was left with, one layer at a time, all others whole.
inline constexpr std::array<double, 5> kProfileFractions{1, 0.5, 0.25, 0.125, 0.0625};

struct LayerProfile {
  /// How much worse the model predicts for each of kProfileFractions (mean increase of the loss per token, or KL to the
  /// whole cache); 0 for the first. Noise may make it negative or fall.
  std::array<double, kProfileFractions.size()> loss{};
  /// DepthKV's cheap proxy: the larger, the more may be pruned. Positive.
  double prunable = 1;
};

struct Profile {
  std::vector<LayerProfile> layers;
};

}  // namespace brim::kv
