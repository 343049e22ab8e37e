// `brim eval --suite kv`: its options and its implementation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/command_line/cli_types.hpp"
#include "apps/model_options/model_options.hpp"

namespace brim::apps {

struct KvSuiteOptions {
  std::vector<double> ratios{0.5, 0.4, 0.25, 0.2, 0.125, 0.0625};
  std::vector<std::string> arms, comparisons, texts;
  std::string pictures;
  int seeds = 8, permutations = 20, recall = 0;
  std::optional<int> continuation, recall_tokens;
  bool csv = false;
};
/// Adds them as a separate group. They do nothing without `suite`; one form of output excludes `json`.
void add_kv_suite_options(CLI::App& command, KvSuiteOptions& options, CLI::Option* suite, CLI::Option* json);

/// Measures `text_file` and writes the report to standard output. Throws Failure.
void evaluate_kv(const ModelOptions& model, const GivenOptions& given, const std::string& text_file, bool json,
                 const KvSuiteOptions& options);

}  // namespace brim::apps
