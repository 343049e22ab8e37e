// A notice for a KV budget that is larger than the session can use.
#pragma once

#include <cstdint>
#include <string>

namespace brim::apps {

/// Writes a notice to standard error when `budget` (as given to --kv-budget; empty: not given) is a size above
/// `full_bytes`, which is the size for the whole context, and says whether the machine has this much memory at all.
void say_unused_budget(const std::string& budget, std::int64_t full_bytes);

}  // namespace brim::apps
