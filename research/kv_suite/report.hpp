// The results of the KV suite as JSON, CSV or a table for people and documents.
#pragma once

#include <string>
#include <vector>

#include "research/kv_suite/suite.hpp"

namespace brim::apps {

/// a compared with b at one ratio: the mean of a − b over the same positions.
struct Comparison {
  std::string a, b;
  double ratio = 0;
  std::string metric;  ///< "kl" or "dnll": less is better
  double difference = 0;
  Interval interval;
  bool distinguishable = true;  ///< false where both had the same quotas, rule and type
};

/// Every arm compared with uniform; every arm that uses a profile with shuffled; depth with zigzag.
std::vector<Comparison> compare(const std::vector<Outcome>& outcomes);

/// {"arms": […], "paired": […]}: numbers are null for skipped arms, recall where it was not measured, ci where two arms
/// are not distinguishable.
std::string suite_json(const std::vector<Outcome>& outcomes, const std::vector<Comparison>& paired);
std::string suite_csv(const std::vector<Outcome>& outcomes);
std::string suite_table(const std::vector<Outcome>& outcomes, const std::vector<Comparison>& paired);

}  // namespace brim::apps
