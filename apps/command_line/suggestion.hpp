// What a mistyped word was probably meant to be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace brim::apps {

/// " Did you mean X?" for the known word nearest to `word` (a few letters off, or beginning with it), else "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace brim::apps
