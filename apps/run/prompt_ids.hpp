// Lists of token ids as people and programs write them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace brim::apps {

/// "1,2,3", "1 2 3", one number per line, or a JSON array of numbers. Throws Failure (2) that quotes what is not a
/// number from 0 on, names the option that it was given for, and says what was expected.
std::vector<std::int32_t> parse_prompt_ids(std::string_view text, std::string_view option = "--prompt-ids",
                                           std::string_view what = "token id");

}  // namespace brim::apps
