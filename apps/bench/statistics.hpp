// Order statistics of a handful of measurements.
#pragma once

#include <vector>

namespace brim::apps::bench {

/// The middle value; for an even number of values the mean of the middle two; 0 for no values.
double median(std::vector<double> values);
/// The smallest value that at least `share` (0…1) of the values do not exceed; 0 for no values.
double percentile(std::vector<double> values, double share);

}  // namespace brim::apps::bench
