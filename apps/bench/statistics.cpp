// See statistics.hpp.
#include "apps/bench/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace brim::apps::bench {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::clamp<std::size_t>(rank, 1, values.size()) - 1];
}

std::vector<double> range_medians(const std::vector<double>& values, std::size_t ranges) {
  ranges = std::min(ranges, values.size());
  std::vector<double> medians;
  for (std::size_t range = 0; range < ranges; ++range) {
    const auto from = static_cast<std::ptrdiff_t>(range * values.size() / ranges);
    const auto end = static_cast<std::ptrdiff_t>((range + 1) * values.size() / ranges);
    medians.push_back(median({values.begin() + from, values.begin() + end}));
  }
  return medians;
}

}  // namespace brim::apps::bench
