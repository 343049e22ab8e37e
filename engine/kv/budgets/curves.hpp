// Measured curves of layers (the loss when one layer alone keeps a fraction of its entries) as pieces of bytes and
// their gains. For the splits that give bytes to the layers where one byte reduces the loss most.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/kv/budget.hpp"
#include "engine/kv/profile.hpp"

namespace brim::kv {

/// A point on a layer's curve: how much of the layer is kept (a fraction of the entries it could use, or bytes) and the
/// loss.
struct CurvePoint {
  double kept, loss;
};

/// The measured points from no entries to all, the loss never rising on the way. The loss with fewer entries than
/// measured is extrapolated: the slope is steeper by the ratio of the last two measured slopes, and at least twice as
/// steep.
std::vector<CurvePoint> curve_of(const LayerProfile& layer);

/// The lower convex hull of points, which it sorts: from the fewest kept to the point of smallest loss; slopes rise.
std::vector<CurvePoint> lower_hull(std::vector<CurvePoint> points);

/// The loss at `kept` by straight lines between the points of a curve; beyond the ends, the outermost lines are
/// extended.
double loss_at(std::span<const CurvePoint> curve, double kept);

/// Gives floors to all layers, then bytes to the layers whose curves in the profile promise most, then divides what is
/// left equally. Fractions refer to what a layer could use at this context.
std::vector<double> entries_by_gain(const SplitCase& given);

/// Gives `bytes` to the convex curves hulls[layer] over bytes, steepest piece first; `own` holds how many bytes each
/// layer has before the call and afterwards.
void spend_by_gain(std::span<const std::vector<CurvePoint>> hulls, double& bytes, std::span<double> own);

}  // namespace brim::kv
