// DepthKV (arXiv 2604.24647), by what calibration measured: D_l(r), the loss when layer l alone keeps the fraction r of its
// entries. Each curve is made convex, and bytes go where a byte takes away most loss. The paper splits by one number per
// layer; whole curves are ours. Fractions are of what a layer could use at this context.
//
// And the control: the same entries dealt out to the layers by lot. A split that does not beat it knows nothing about
// layers, only that they may differ.
#include <algorithm>
#include <numeric>
#include <vector>

#include "engine/kv/budget.hpp"
#include "engine/kv/profile.hpp"

namespace brim::kv {
namespace {

/// A straight piece of a layer's convex curve.
struct Piece {
  std::size_t layer;
  double from, to;  ///< fractions
  double gain;      ///< loss that goes away per byte
};

/// The pieces of the lower convex hull of a layer's curve, from no entries to all. What fewer entries than measured cost
/// is guessed: steeper by as much as the last piece measured is steeper than the one before, and at least twice.
void add_pieces(const LayerProfile& layer, std::size_t index, double layer_bytes, std::vector<Piece>& pieces) {
  struct Point {
    double fraction, loss;
  };
  std::vector<Point> points;  // from all entries downwards; loss never falls on the way
  double worst = 0;
  for (std::size_t i = 0; i < kProfileFractions.size(); ++i) {
    worst = std::max(worst, layer.loss[i]);
    points.push_back({kProfileFractions[i], worst});
  }
  const auto slope_to = [&](std::size_t i) {
    return (points[i].loss - points[i - 1].loss) / (points[i - 1].fraction - points[i].fraction);
  };
  const std::size_t end = points.size() - 1;
  const double last = slope_to(end), before = slope_to(end - 1);
  const double growth = before > 0 ? std::clamp(last / before, 2.0, 10.0) : 2.0;
  points.push_back({0, points[end].loss + growth * last * points[end].fraction});
  std::vector<Point> hull;
  for (const Point& point : points) {
    // Slopes (loss per fraction given up) must rise towards fewer entries.
    const auto slope = [](const Point& a, const Point& b) { return (b.loss - a.loss) / (a.fraction - b.fraction); };
    while (hull.size() > 1 && slope(hull[hull.size() - 2], hull.back()) >= slope(hull.back(), point)) hull.pop_back();
    hull.push_back(point);
  }
  for (std::size_t i = 0; i + 1 < hull.size(); ++i) {
    const double fraction = hull[i].fraction - hull[i + 1].fraction;
    pieces.push_back({index, hull[i + 1].fraction, hull[i].fraction,
                      (hull[i + 1].loss - hull[i].loss) / (fraction * layer_bytes)});
  }
}

std::vector<double> entries_by_gain(const SplitCase& given) {
  const std::size_t count = given.layers.size();
  std::vector<Piece> pieces;
  std::vector<double> entries(count);
  double left = static_cast<double>(given.bytes);
  for (std::size_t i = 0; i < count; ++i) {
    const LayerNeed& layer = given.layers[i];
    entries[i] = static_cast<double>(layer.floor);
    left -= entries[i] * static_cast<double>(layer.entry_bytes);
    add_pieces(given.profile->layers[i], i, static_cast<double>(layer.useful) * static_cast<double>(layer.entry_bytes), pieces);
  }
  std::stable_sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.gain > b.gain; });
  for (const Piece& piece : pieces) {
    if (!(piece.gain > 0)) break;
    const LayerNeed& layer = given.layers[piece.layer];
    const double cost = static_cast<double>(layer.entry_bytes);
    const double more = std::max(piece.to * static_cast<double>(layer.useful) - entries[piece.layer], 0.0);
    const double paid = std::min(more, std::max(left, 0.0) / cost);
    entries[piece.layer] += paid;
    left -= paid * cost;
  }
  // What no measurement asks for is for all alike.
  if (left > 0) {
    const double each = left * given.average() / std::max(static_cast<double>(given.bytes), 1.0);
    for (double& own : entries) own += each;
  }
  return entries;
}

class DepthSplit : public Split {
 public:
  bool needs_profile() const override { return true; }
  void shares(const SplitCase& given, std::span<double> shares) const override {
    const std::vector<double> entries = entries_by_gain(given);
    std::copy(entries.begin(), entries.end(), shares.begin());
  }
};

class ShuffledSplit : public Split {
 public:
  bool needs_profile() const override { return true; }
  void shares(const SplitCase& given, std::span<double> shares) const override {
    const std::vector<double> entries = entries_by_gain(given);
    std::copy(entries.begin(), entries.end(), shares.begin());
    std::uint64_t state = given.seed;
    for (std::size_t i = shares.size(); i > 1; --i) std::swap(shares[i - 1], shares[next(state) % i]);
  }

 private:
  /// SplitMix64 (Steele, Lea, Flood 2014).
  static std::uint64_t next(std::uint64_t& state) {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
};

}  // namespace

const Split& depth_split() {
  static const DepthSplit instance;
  return instance;
}

const Split& shuffled_split() {
  static const ShuffledSplit instance;
  return instance;
}

}  // namespace brim::kv
