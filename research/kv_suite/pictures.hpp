// Two pictures of a KV suite's outcome, drawn by gnuplot: quality over the budget, and each layer's quota as bars.
#pragma once

#include <string>
#include <vector>

#include "apps/files/outputs.hpp"
#include "research/kv_suite/suite.hpp"

namespace brim::apps {

/// Called before the work: creates the folder and checks every file that draw_pictures() writes there, as outputs of
/// --pictures; and checks that gnuplot can be run. Does nothing for an empty name. Throws Failure: a file cannot be
/// written (2), or gnuplot is missing (1).
void prepare_pictures(const std::string& folder, Outputs& files);

/// Writes quality.svg and quotas.svg (at the ratio nearest to a quarter) into `folder`, with their data and scripts in
/// the same folder. Throws Failure (1): a file cannot be written, or gnuplot fails; data and scripts are kept then.
void draw_pictures(const std::vector<Outcome>& outcomes, const std::string& folder);

}  // namespace brim::apps
