// DepthKV's own modes (arXiv 2604.24647), over pruning ratios ρ_l whose mean is the budget's ρ; layer 0 is never
// pruned.
//   mga      ρ_l ∝ α_l, which says how prunable the layer is, at most ρ_max = .7; what is clipped goes to the layers
//            below the limit
//   mlp      the two middle layers are protected as well, the others are pruned equally
//   mlma-n   the n middle layers are protected, mga on the rest
// Where the layers that may be pruned cannot give up enough under ρ_max, ρ_max is raised until they can. A protected
// layer gets what it can use; where the bytes do not suffice for this in addition to the minimums of the other layers,
// the protected layers get what is left (share_out).
#include <algorithm>
#include <vector>

#include "engine/kv/budget.hpp"
#include "engine/kv/profile.hpp"

namespace brim::research {
namespace {

/// Ratios in proportion to `prunable` that sum to `total` with none above the cap; protected layers (0) stay at 0.
std::vector<double> pruning_ratios(const std::vector<double>& prunable, double total) {
  const auto open =
      static_cast<double>(std::count_if(prunable.begin(), prunable.end(), [](double a) { return a > 0; }));
  std::vector<double> ratios(prunable.size(), 0);
  if (open == 0) return ratios;
  const double cap = std::min(std::max(0.7, total / open), 1.0);
  double left = total;
  std::vector<bool> full(prunable.size(), false);
  for (bool clipped = true; clipped;) {
    clipped = false;
    double sum = 0;
    for (std::size_t i = 0; i < prunable.size(); ++i) sum += full[i] ? 0 : prunable[i];
    if (!(sum > 0)) break;
    const double before = left;
    for (std::size_t i = 0; i < prunable.size(); ++i) {
      if (full[i] || prunable[i] == 0) continue;
      ratios[i] = before * prunable[i] / sum;
      if (ratios[i] < cap) continue;
      ratios[i] = cap;
      full[i] = clipped = true;
      left -= cap;
    }
  }
  return ratios;
}

class DepthModeSplit : public kv::Split {
 public:
  DepthModeSplit(std::string_view name, std::size_t middle, bool measured)
      : name_(name), middle_(middle), measured_(measured) {}
  std::string_view name() const override { return name_; }
  bool needs_profile() const override { return measured_; }

  void shares(const kv::SplitCase& given, std::span<double> shares) const override {
    const std::size_t count = shares.size();
    std::vector<double> prunable(count);
    for (std::size_t i = 0; i < count; ++i) {
      prunable[i] = is_protected(i, count) ? 0 : measured_ ? std::max(given.profile->layers[i].prunable, 1e-9) : 1;
    }
    double whole = 0;
    for (const kv::LayerNeed& layer : given.layers) {
      whole += static_cast<double>(layer.useful) * static_cast<double>(layer.entry_bytes);
    }
    const double pruned = std::clamp(1 - static_cast<double>(given.bytes) / std::max(whole, 1.0), 0.0, 1.0);
    const std::vector<double> ratios = pruning_ratios(prunable, pruned * static_cast<double>(count));
    for (std::size_t i = 0; i < count; ++i) {
      shares[i] = prunable[i] == 0 ? kv::kWhole : (1 - ratios[i]) * static_cast<double>(given.layers[i].useful);
    }
  }

 private:
  bool is_protected(std::size_t layer, std::size_t count) const {
    // The middle ones of layers 1 … L, counted as in the paper: ⌊L/2⌋ and ⌊L/2⌋ + 1 are two layers.
    const std::size_t first = count / 2 >= middle_ / 2 ? count / 2 - middle_ / 2 : 0;
    return layer == 0 || (middle_ > 0 && layer >= first && layer < first + middle_);
  }

  std::string_view name_;
  std::size_t middle_;
  bool measured_;
};

}  // namespace

const kv::Split& depth_mga_split() {
  static const DepthModeSplit instance("depth-mga", 0, true);
  return instance;
}

const kv::Split& depth_mlp_split() {
  static const DepthModeSplit instance("depth-mlp", 2, false);
  return instance;
}

const kv::Split& depth_mlma_2_split() {
  static const DepthModeSplit instance("depth-mlma-2", 2, true);
  return instance;
}

const kv::Split& depth_mlma_4_split() {
  static const DepthModeSplit instance("depth-mlma-4", 4, true);
  return instance;
}

const kv::Split& depth_mlma_6_split() {
  static const DepthModeSplit instance("depth-mlma-6", 6, true);
  return instance;
}

}  // namespace brim::research
