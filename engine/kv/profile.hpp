// What calibration learned about a model's layers (`brim calibrate`), for the splits that use measurements. Plain data:
// engine/model writes and reads the file.
#pragma once

#include <array>
#include <vector>

#include "kernels/kv_type.hpp"

namespace brim::kv {

/// The fractions of its entries that a layer kept, one layer at a time, with all others complete.
inline constexpr std::array<double, 5> kProfileFractions{1, 0.5, 0.25, 0.125, 0.0625};

struct LayerProfile {
  /// How much worse the model predicts for each of kProfileFractions (mean increase of the loss per token, or KL to the
  /// whole cache); 0 for the first. Noise may make it negative or fall.
  std::array<double, kProfileFractions.size()> loss{};
  /// DepthKV's cheap proxy: the larger, the more may be pruned. Positive.
  double prunable = 1;
};

/// The losses where the layer that keeps a fraction of its entries is also stored in other types than all other layers:
/// its first place is what these types alone lose.
struct TypedLosses {
  kernels::KvTypes types;
  std::vector<std::array<double, kProfileFractions.size()>> loss;  ///< of each layer
};

struct Profile {
  std::vector<LayerProfile> layers;
  kernels::KvTypes types;           ///< how all layers were stored when `layers` was measured
  std::vector<TypedLosses> others;  ///< measured in addition; may be empty
};

}  // namespace brim::kv
