// The words of a command line, looked through before CLI11 parses them. CLI11 takes the rest of a word for a short option's
// value (-ngl would be -n gl), a value that begins with a dash for whatever comes, and knows no other program's options.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace brim::apps {

/// What CLI11 shall parse in place of `words` (those after the program's name): each option under its exact long name, its
/// value as a word of its own, a model without -m behind --model. No words ask for the help. What is accepted without
/// effect is said on standard error. Throws Failure (2) for a word that is not known, an option without its value, an
/// empty value, what is missing, and a model that is not there.
std::vector<std::string> read_arguments(CLI::App& app, const std::vector<std::string>& words);

/// The command of that name. Throws Failure (2) with a suggestion.
CLI::App& find_command(CLI::App& app, const std::string& name);

/// How the command is called: "brim chat MODEL.gguf [options]".
std::string usage_of(const CLI::App& command);

/// A repeated option that has one value takes the last, and a list takes one word each time.
void settle_repetition(CLI::App& app);

}  // namespace brim::apps
