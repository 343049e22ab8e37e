// How the arms of a suite compare, measured on the same tokens and asked the same questions.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "research/kv_suite/suite.hpp"

namespace brim::apps {

/// a compared with b at one ratio: the mean of a − b over the same positions or questions.
struct Comparison {
  std::string a, b;
  double ratio = 0;
  std::string metric;  ///< "kl" or "dnll": less is better; "recall": more is better
  double difference = 0;
  Interval interval;
  bool distinguishable = true;  ///< false where both had the same quotas, rule and type
  /// Of comparisons that were named beforehand: how likely such a difference is where there is none, corrected for how
  /// many were named (holm).
  std::optional<double> p;
};

/// The arm that was measured at this ratio under this name; null where there is none.
const Outcome* find_outcome(const std::vector<Outcome>& outcomes, const std::string& name, double ratio);

/// The best arm with equal quotas in all layers at this ratio, of any rule and any type: by mean KL, or by recall. Null
/// where none was measured.
const Outcome* best_equal(const std::vector<Outcome>& outcomes, double ratio, const std::string& metric);

/// Every arm compared with uniform and with the best arm of equal quotas; every arm that uses a profile with shuffled;
/// depth with zigzag.
std::vector<Comparison> compare(const std::vector<Outcome>& outcomes);

/// The arms of each pair at each ratio at which both were measured, by KL and, where it was measured, recall.
std::vector<Comparison> compare_named(const std::vector<Outcome>& outcomes,
                                      const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace brim::apps
