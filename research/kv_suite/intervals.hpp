// Bootstrap intervals of means over scored positions. Positions of one text are similar, those of one window more, and
// neighbours even more. So a round draws as many texts as there are, with replacement; within each text as many windows
// as it has; and within each window as many blocks of kBlock neighbouring positions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
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
/// The means of kBootstrapRounds rounds, ascending; empty without values. `texts`: the number of each window's text;
/// empty: all are of one. Deterministic.
std::vector<double> resampled_means(const Positions& values, std::span<const std::size_t> texts = {});
/// The middle 95 % of them; {0, 0} of none.
Interval middle_of(std::span<const double> means);
/// middle_of(resampled_means(…)).
Interval bootstrap(const Positions& values, std::span<const std::size_t> texts = {});
/// How likely means as far from 0 as these are where the true one is 0: twice the share of rounds on the rarer side of
/// 0, at least 2 / (rounds + 1), at most 1.
double p_of_zero(std::span<const double> means);
/// The p of each of several tests at once, after Holm's step-down correction, in the same order.
std::vector<double> holm(std::span<const double> p);
/// a − b, position by position: paired, as both were measured on the same tokens.
Positions differences(const Positions& a, const Positions& b);

}  // namespace brim::apps
