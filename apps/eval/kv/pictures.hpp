// Two pictures of a KV suite's outcome, drawn by gnuplot: quality over the budget, and each layer's quota as bars.
#pragma once

#include <string>
#include <vector>

#include "apps/eval/kv/suite.hpp"

namespace brim::apps {

/// Every file that draw_pictures() writes into `folder`; none for an empty name.
std::vector<std::string> drawn_files(const std::string& folder);

/// Writes quality.svg and quotas.svg (at the ratio nearest to a quarter) into `folder`, with their data and scripts
/// beside them; makes the folder. Throws Failure: the folder cannot be written (2), or gnuplot is missing or fails (1;
/// data and scripts stay).
void draw_pictures(const std::vector<Outcome>& outcomes, const std::string& folder);

}  // namespace brim::apps
