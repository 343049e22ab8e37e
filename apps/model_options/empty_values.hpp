// Empty values on the command line: --kv-budget "" would look like an option that was not given.
#pragma once

#include <CLI/CLI.hpp>

namespace brim::apps {

/// Makes every option of every subcommand refuse an empty value, except texts (--prompt, --system). Call it when all of
/// them have been added.
void refuse_empty_values(CLI::App& app);

}  // namespace brim::apps
