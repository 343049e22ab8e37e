// Order statistics of a handful of measurements.
#pragma once

#include <cstddef>
#include <vector>

namespace brim::apps::bench {

/// The middle value; for an even number of values the mean of the middle two; 0 for no values.
double median(std::vector<double> values);
/// The smallest value that at least `share` (0…1) of the values do not exceed; 0 for no values.
double percentile(std::vector<double> values, double share);
/// The medians of `ranges` ranges of the values, in order and as equal as can be; each value where there are fewer.
std::vector<double> range_medians(const std::vector<double>& values, std::size_t ranges);

}  // namespace brim::apps::bench
