// See curves.hpp.
#include "engine/kv/budgets/curves.hpp"

#include <algorithm>

namespace brim::kv {
namespace {

double slope(const CurvePoint& a, const CurvePoint& b) { return (b.loss - a.loss) / (b.kept - a.kept); }

/// A straight piece of a layer's convex curve.
struct Piece {
  std::size_t layer;
  double to;    ///< bytes
  double gain;  ///< reduction of the loss per byte
};

}  // namespace

std::vector<CurvePoint> curve_of(const LayerProfile& layer) {
  constexpr std::size_t kCount = kProfileFractions.size();
  std::vector<CurvePoint> points;  // from all entries downwards; the loss never falls on the way
  double worst = layer.loss[0];
  for (std::size_t i = 0; i < kCount; ++i) {
    worst = std::max(worst, layer.loss[i]);
    points.push_back({kProfileFractions[i], worst});
  }
  const double last = -slope(points[kCount - 1], points[kCount - 2]),
               before = -slope(points[kCount - 2], points[kCount - 3]);
  const double growth = before > 0 ? std::clamp(last / before, 2.0, 10.0) : 2.0;
  points.push_back({0, points.back().loss + growth * last * points.back().kept});
  std::reverse(points.begin(), points.end());
  return points;
}

std::vector<CurvePoint> lower_hull(std::vector<CurvePoint> points) {
  std::stable_sort(points.begin(), points.end(), [](const CurvePoint& a, const CurvePoint& b) {
    return a.kept < b.kept || (a.kept == b.kept && a.loss < b.loss);
  });
  std::vector<CurvePoint> hull;
  for (const CurvePoint& point : points) {
    if (!hull.empty() && (point.kept == hull.back().kept || point.loss >= hull.back().loss)) continue;
    while (hull.size() > 1 && slope(hull[hull.size() - 2], hull.back()) >= slope(hull.back(), point)) hull.pop_back();
    hull.push_back(point);
  }
  return hull;
}

double loss_at(std::span<const CurvePoint> curve, double kept) {
  const auto after =
      std::find_if(curve.begin(), curve.end(), [&](const CurvePoint& point) { return point.kept > kept; });
  if (after == curve.begin()) return curve.front().loss;
  if (after == curve.end()) return curve.back().loss;
  const CurvePoint& before = *(after - 1);
  return before.loss + (kept - before.kept) * slope(before, *after);
}

void spend_by_gain(std::span<const std::vector<CurvePoint>> hulls, double& bytes, std::span<double> own) {
  std::vector<Piece> pieces;
  for (std::size_t layer = 0; layer < hulls.size(); ++layer) {
    for (std::size_t i = 0; i + 1 < hulls[layer].size(); ++i) {
      pieces.push_back({layer, hulls[layer][i + 1].kept, -slope(hulls[layer][i], hulls[layer][i + 1])});
    }
  }
  std::stable_sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.gain > b.gain; });
  for (const Piece& piece : pieces) {
    if (!(piece.gain > 0)) break;
    const double paid = std::min(std::max(piece.to - own[piece.layer], 0.0), std::max(bytes, 0.0));
    own[piece.layer] += paid;
    bytes -= paid;
  }
}

std::vector<double> entries_by_gain(const SplitCase& given) {
  const std::size_t count = given.layers.size();
  std::vector<std::vector<CurvePoint>> hulls(count);
  std::vector<double> own(count);
  double left = static_cast<double>(given.bytes);
  const auto cost = [&](std::size_t i) { return static_cast<double>(given.layers[i].entry_bytes); };
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<CurvePoint> curve = curve_of(given.profile->layers[i]);
    for (CurvePoint& point : curve) point.kept *= static_cast<double>(given.layers[i].useful) * cost(i);
    hulls[i] = lower_hull(std::move(curve));
    own[i] = static_cast<double>(given.layers[i].floor) * cost(i);
    left -= own[i];
  }
  spend_by_gain(hulls, left, own);
  for (std::size_t i = 0; i < count; ++i) own[i] /= cost(i);
  // What no measurement requests is divided equally.
  if (left > 0) {
    const double each = left * given.average() / std::max(static_cast<double>(given.bytes), 1.0);
    for (double& entries : own) entries += each;
  }
  return own;
}

}  // namespace brim::kv
