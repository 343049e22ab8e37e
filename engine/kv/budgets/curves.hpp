// Measured curves of layers — the loss when one layer alone keeps a fraction of its entries — as pieces of bytes and what
// they gain. For the splits that hand out bytes where a byte takes away most loss.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/kv/budget.hpp"
#include "engine/kv/profile.hpp"

namespace brim::kv {

/// A place on a layer's curve: how much of it is kept — a fraction of the entries it could use, or bytes — and the loss.
struct CurvePoint {
  double kept, loss;
};

/// The measured points from no entries to all, loss never rising on the way. What fewer entries than measured cost is
/// drafted: steeper by as much as the last piece measured is steeper than the one before, and at least twice.
std::vector<CurvePoint> curve_of(const LayerProfile& layer);

/// The lower convex hull of points, which it sorts: from the least kept to where the loss is least; slopes rise.
std::vector<CurvePoint> lower_hull(std::vector<CurvePoint> points);

/// The loss at `kept` by straight lines between the points of a curve; beyond its ends, theirs.
double loss_at(std::span<const CurvePoint> curve, double kept);

/// Floors for all layers, then bytes where the profile's curves promise most, then what is left for all alike. Fractions
/// are of what a layer could use at this context.
std::vector<double> entries_by_gain(const SplitCase& given);

/// Hands `bytes` out to the convex curves hulls[layer] over bytes, steepest piece first; `own` says how many each has and
/// then gets.
void spend_by_gain(std::span<const std::vector<CurvePoint>> hulls, double& bytes, std::span<double> own);

}  // namespace brim::kv
