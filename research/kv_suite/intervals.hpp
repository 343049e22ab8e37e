// Bootstrap intervals of means over scored positions. Positions of one window are similar, and neighbours even more; so
// a round draws as many windows as there are, with replacement, and within each window as many blocks of kBlock
// neighbouring positions.
#pragma once

#include <cstdint>
#include <vector>

namespace brim::apps {

inline constexpr std::size_t kBlock = 16;
inline constexpr int kBootstrapRounds = 2000;

/// values[window][position].
using Positions = std::vector<std::vector<double>>;

struct Interval {
  double low = 0, high = 0;
};

double mean_of(const Positions& values);
/// The middle 95 % of the means of kBootstrapRounds rounds. Deterministic.
Interval bootstrap(const Positions& values);
/// a − b, position by position: paired, as both were measured on the same tokens.
Positions differences(const Positions& a, const Positions& b);

}  // namespace brim::apps
