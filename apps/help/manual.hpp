// The manual page brim(1), from the commands' own descriptions.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace brim::apps {

/// The page as man(1) reads it. `version`: "0.1.0".
std::string manual_page(CLI::App& app, const std::string& version);

}  // namespace brim::apps
