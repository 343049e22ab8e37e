// Valid values of the KV cache options: the words in the engine's lists of types, splits and rules.
#pragma once

#include "apps/command_line/cli_types.hpp"
#include "engine/kv/policies.hpp"

namespace brim::apps {

CLI::Validator kv_type_check();
CLI::Validator kv_split_check(const kv::Policies& policies = kv::product_policies());
CLI::Validator kv_keep_check(const kv::Policies& policies = kv::product_policies());

}  // namespace brim::apps
