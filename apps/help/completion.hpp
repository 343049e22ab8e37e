// Completion of brim's command line for bash, generated from the commands' descriptions.
#pragma once

#include <string>

#include "apps/command_line/cli_types.hpp"

namespace brim::apps {

/// A script for bash-completion: commands, options, and file names where an option or a model takes one.
std::string bash_completion(CLI::App& app);

}  // namespace brim::apps
