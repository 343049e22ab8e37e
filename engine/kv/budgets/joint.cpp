// Entries and bits together (ours): calibration measures D_l(r, type), the loss when layer l alone keeps the fraction r
// of its entries and is stored in a type. Each point of these curves costs bytes. The lower convex hull of all of a
// layer's points says what its bytes can buy at best, and bytes go where one byte reduces the loss most. A layer's type
// is then the one with the smallest loss for the bytes that the layer got. The number of entries is then divided as in
// `depth`, by the curves of the chosen types.
#include <algorithm>

#include "engine/kv/budgets/curves.hpp"
#include "engine/kv/policies.hpp"

namespace brim::kv {
namespace {

class JointSplit : public Split {
 public:
  std::string_view name() const override { return "joint"; }
  bool needs_profile() const override { return true; }
  bool chooses_storage() const override { return true; }

  void choose_storage(std::span<const StorageChoice> choices, std::int64_t bytes,
                      std::span<std::size_t> chosen) const override {
    const std::size_t count = chosen.size();
    std::vector<std::vector<Curve>> curves(count);  // of each layer, over bytes, choice by choice
    std::vector<std::vector<CurvePoint>> hulls(count);
    std::vector<double> own(count);
    double left = static_cast<double>(bytes);
    for (std::size_t i = 0; i < count; ++i) {
      curves[i] = curves_of(choices, i);
      std::vector<CurvePoint> all;
      for (const Curve& curve : curves[i]) all.insert(all.end(), curve.begin(), curve.end());
      hulls[i] = lower_hull(std::move(all));
      own[i] = floor_bytes(choices, i);
      left -= own[i];
    }
    spend_by_gain(hulls, left, own);
    for (std::size_t i = 0; i < count; ++i) {
      const auto loss = [&](const Curve& curve) { return loss_at(curve, own[i]); };
      const auto best = std::min_element(curves[i].begin(), curves[i].end(),
                                         [&](const Curve& a, const Curve& b) { return loss(a) < loss(b); });
      chosen[i] = static_cast<std::size_t>(best - curves[i].begin());
    }
  }

  void shares(const SplitCase& given, std::span<double> shares) const override {
    const std::vector<double> entries = entries_by_gain(given);
    std::copy(entries.begin(), entries.end(), shares.begin());
  }

 private:
  using Curve = std::vector<CurvePoint>;

  static std::vector<Curve> curves_of(std::span<const StorageChoice> choices, std::size_t layer) {
    std::vector<Curve> curves;
    double worst = 0;
    for (const StorageChoice& choice : choices) {
      const LayerNeed& need = choice.layers[layer];
      Curve curve = curve_of(choice.profile.layers[layer]);
      for (CurvePoint& point : curve)
        point.kept *= static_cast<double>(need.useful) * static_cast<double>(need.entry_bytes);
      worst = std::max(worst, curve.front().loss);
      curves.push_back(std::move(curve));
    }
    for (Curve& curve : curves) curve.front().loss = worst;  // without entries the type makes no difference
    return curves;
  }

  static double floor_bytes(std::span<const StorageChoice> choices, std::size_t layer) {
    double min = std::numeric_limits<double>::infinity();
    for (const StorageChoice& choice : choices) {
      const LayerNeed& need = choice.layers[layer];
      min = std::min(min, static_cast<double>(need.floor) * static_cast<double>(need.entry_bytes));
    }
    return min;
  }
};

}  // namespace

const Split& joint_split() {
  static const JointSplit instance;
  return instance;
}

}  // namespace brim::kv
