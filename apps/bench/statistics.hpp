// Order statistics of a handful of measurements.
#pragma once

#include <vector>

namespace brim::apps::bench {

/// The middle value, of an even number the mean of the two; 0 of none.
double median(std::vector<double> values);
/// The smallest value that at least `share` (0…1) of the values do not exceed; 0 of none.
double percentile(std::vector<double> values, double share);

}  // namespace brim::apps::bench
