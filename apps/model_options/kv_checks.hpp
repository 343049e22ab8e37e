// What the options of the KV cache may be: words that the engine's lists of types, splits and rules have.
#pragma once

#include <CLI/CLI.hpp>

namespace brim::apps {

CLI::Validator kv_type_check();
CLI::Validator kv_split_check();
CLI::Validator kv_keep_check();

}  // namespace brim::apps
