// From the losses of every window to a profile.
#pragma once

#include <span>
#include <vector>

#include "apps/calibrate/sensitivity.hpp"
#include "engine/model/profile_file.hpp"

namespace brim::apps {

/// Fills the measured parts of a profile file, whose `loss` says which of the losses counts, and whose profile.others
/// which types the windows' others are.
void conclude(const std::vector<WindowLosses>& windows, model::ProfileFile& file);

/// Spearman's rank correlation, ties by mean ranks; 0 where one side has no order.
double spearman(std::span<const double> a, std::span<const double> b);

/// How prunable layers are, from a proxy whose direction against the measured loss is the sign of `correlation`:
/// positive numbers of mean 1.
std::vector<double> prunable_from(std::span<const double> proxy, double correlation);

/// The permutation test of "all layers are equal": values[window][layer]; layers are permuted within each window, and
/// the variance of the layers' means is compared. Returns p.
double equal_layers_p(const std::vector<std::vector<double>>& values, int permutations, std::uint64_t seed);

}  // namespace brim::apps
