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
  /// Permutation test: how likely losses would differ as much if all layers were equal. 0 where nothing was tested.
  double equal_layers_p = 0;
};

/// How unequal the losses of the layers are, whatever their size: 0 where every layer loses the same, 1 where one layer
/// has all of the loss. It is the share of the summed loss that is above an equal share (the Hoover index), divided by
/// the largest share there can be. A layer's loss is the mean over the fractions; losses below 0 count as 0.
double layer_inequality(const Profile& profile);

/// A split by this profile can be better than equal quotas only if layers differ, and if that is more than noise. Both
/// numbers are ours.
inline constexpr double kMaxEqualLayersP = 0.05;
inline constexpr double kMinLayerInequality = 0.1;
/// Whether a profile shows a difference between layers that is real: equal_layers_p and layer_inequality() within these
/// bounds.
bool layers_differ(const Profile& profile);

}  // namespace brim::kv
