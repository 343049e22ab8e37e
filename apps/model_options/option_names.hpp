// From the engine's names of options to those of the command line: its sentences name keys, but users have typed flags.
#pragma once

#include <string>
#include <string_view>

namespace brim::apps {

/// "--kv-budget" for "kv.budget": the first long flag. The key itself where no command has this option.
std::string flag_of(std::string_view key);

/// A sentence of the engine with flags in place of keys: "option kv.type: expected …" begins with "--kv-type:",
/// "kv.heads=together" becomes "--kv-heads together", "top_p is 2; …" begins with "--top-p". Quoted text stays
/// unchanged.
std::string with_flags(std::string_view sentence);

}  // namespace brim::apps
