// Checks the words of a command line before CLI11 parses them. CLI11 takes the rest of a word as a short option's value
// (-ngl would be -n gl), takes any next word as a value even if it begins with a dash, and knows no other program's
// options.
#pragma once

#include <string>
#include <vector>

#include "apps/command_line/cli_types.hpp"

namespace brim::apps {

/// Returns what CLI11 must parse in place of `words` (those after the program's name): each option under its exact long
/// name, its value as a separate word, and a model without -m after --model. No words request the help. Options that
/// are accepted without effect are reported on standard error. Throws Failure (2) for an unknown word, an option
/// without its value, an empty value, missing options or arguments, and a model that does not exist.
std::vector<std::string> read_arguments(CLI::App& app, const std::vector<std::string>& words);

/// The command of that name. Throws Failure (2) with a suggestion.
CLI::App& find_command(CLI::App& app, const std::string& name);

/// The usage of the command: "brim chat MODEL.gguf [options]".
std::string usage_of(const CLI::App& command);

/// If an option with one value is repeated, the last value counts; a list option takes one word each time.
void settle_repetition(CLI::App& app);

}  // namespace brim::apps
