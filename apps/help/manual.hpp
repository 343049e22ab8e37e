// The manual page brim(1), generated from the commands' descriptions.
#pragma once

#include <string>

#include "apps/command_line/cli_types.hpp"

namespace brim::apps {

/// The page in the format that man(1) reads. `version`: "0.1.0".
std::string manual_page(CLI::App& app, const std::string& version);

}  // namespace brim::apps
