// What a mistyped word was probably meant to be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace brim::apps {

/// " Did you mean X?" for the known word nearest to `word`, whatever the case of its letters: a few of them off, or beginning
/// with it. Else "". One or two letters are never near to others: "-st" is not a slip of "-s".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace brim::apps
