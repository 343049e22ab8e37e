// Completion of brim's command line for bash, from the commands' own descriptions.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace brim::apps {

/// A script for bash-completion: commands, options, and files where an option or a model wants one.
std::string bash_completion(CLI::App& app);

}  // namespace brim::apps
