// --spec-type and --draft-max, for the commands that generate text. The names are those that users of llama.cpp know.
#pragma once

#include <CLI/CLI.hpp>
#include <brim/brim.hpp>
#include <optional>
#include <string>

namespace brim::apps {

/// Empty members were not given.
struct SpeculationChoices {
  std::string type;
  std::optional<int> draft_max;
};
void add_speculation_options(CLI::App& command, SpeculationChoices& options);

/// Adds what was given to the options a session is created with. Throws Failure (2) when one makes the other useless.
void set_speculation(const SpeculationChoices& choices, Options& options);

}  // namespace brim::apps
