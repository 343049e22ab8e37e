// The results of the KV suite as JSON, CSV or a table for people and documents.
#pragma once

#include <string>
#include <vector>

#include "research/kv_suite/comparisons.hpp"

namespace brim::apps {

/// What there is to say about a suite.
struct SuiteReport {
  std::vector<Outcome> outcomes;
  std::vector<Comparison> paired;  ///< compare()
  std::vector<Comparison> named;   ///< compare_named()
};

/// {"arms": […], "paired": […], "named": […]}: numbers are null for skipped arms, recall where it was not measured, ci
/// where two arms are not distinguishable.
std::string suite_json(const SuiteReport& report);
/// The arms alone.
std::string suite_csv(const std::vector<Outcome>& outcomes);
std::string suite_table(const SuiteReport& report);

}  // namespace brim::apps
