// A KV budget that is larger than what can be used of it.
#pragma once

#include <cstdint>
#include <string>

namespace brim::apps {

/// Says on standard error when `budget` (as given to --kv-budget; empty: not given) is a size above `full_bytes`, which is
/// what the whole context takes, and whether the machine has that much at all.
void say_unused_budget(const std::string& budget, std::int64_t full_bytes);

}  // namespace brim::apps
