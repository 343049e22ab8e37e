// Turns the losses of all windows into a profile.
#pragma once

#include <span>
#include <vector>

#include "apps/calibrate/sensitivity.hpp"
#include "engine/model/profile_file.hpp"

namespace brim::apps {

/// Fills the measured fields of a profile file. Its `loss` says which of the losses counts, and its profile.others
/// lists the types of the windows' other measurements.
void conclude(const std::vector<WindowLosses>& windows, model::ProfileFile& file);

/// Spearman's rank correlation; ties get mean ranks; 0 where all values of one side are equal.
double spearman(std::span<const double> a, std::span<const double> b);

/// How prunable layers are, from a proxy whose direction against the measured loss is the sign of `correlation`:
/// positive numbers of mean 1.
std::vector<double> prunable_from(std::span<const double> proxy, double correlation);

/// The permutation test of "all layers are equal": values[window][layer]; layers are permuted within each window, and
/// the variance of the layers' means is compared. Returns p.
double equal_layers_p(const std::vector<std::vector<double>>& values, int permutations, std::uint64_t seed);

}  // namespace brim::apps
