// Finds the word that a mistyped word was probably meant to be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace brim::apps {

/// " Did you mean X?" for the known word closest to `word`, ignoring case: one that differs in a few letters or begins
/// with `word`. Otherwise "". A word of one or two letters is never close to another: "-st" is not a misspelt "-s".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace brim::apps
