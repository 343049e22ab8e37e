// See profile.hpp.
#include "engine/kv/profile.hpp"

#include <algorithm>
#include <numeric>

namespace brim::kv {

double layer_inequality(const Profile& profile) {
  const auto count = static_cast<double>(profile.layers.size());
  if (profile.layers.size() < 2) return 0;
  std::vector<double> losses;
  for (const LayerProfile& layer : profile.layers) {
    double sum = 0;
    for (std::size_t i = 1; i < layer.loss.size(); ++i) sum += std::max(layer.loss[i], 0.0);
    losses.push_back(sum);
  }
  const double all = std::accumulate(losses.begin(), losses.end(), 0.0);
  if (!(all > 0)) return 0;
  double above = 0;
  for (const double loss : losses) above += std::max(loss - all / count, 0.0);
  return above / all / (1 - 1 / count);
}

bool layers_differ(const Profile& profile) {
  return profile.equal_layers_p <= kMaxEqualLayersP && layer_inequality(profile) >= kMinLayerInequality;
}

}  // namespace brim::kv
