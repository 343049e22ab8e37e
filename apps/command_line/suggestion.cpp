// See suggestion.hpp.
#include "apps/command_line/suggestion.hpp"

#include <algorithm>
#include <numeric>

namespace brim::apps {
namespace {

// Levenshtein's distance, where swapping two neighbours counts once (Damerau).
std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> before, above(right.size() + 1), here(right.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t row = 1; row <= left.size(); ++row) {
    here[0] = row;
    for (std::size_t column = 1; column <= right.size(); ++column) {
      const std::size_t change = left[row - 1] == right[column - 1] ? 0 : 1;
      here[column] = std::min({above[column] + 1, here[column - 1] + 1, above[column - 1] + change});
      if (row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1]) {
        here[column] = std::min(here[column], before[column - 2] + 1);
      }
    }
    before = above;
    above = here;
  }
  return above.back();
}

}  // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  if (word.size() > 40) return {};
  const std::string* nearest = nullptr;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const bool begun = word.size() > 1 && std::string_view(candidate).starts_with(word);
    const std::size_t steps = begun ? 0 : distance(word, candidate);
    if (steps >= least) continue;
    least = steps;
    nearest = &candidate;
  }
  return nearest == nullptr ? std::string() : " Did you mean " + *nearest + "?";
}

}  // namespace brim::apps
