// See suggestion.hpp.
#include "apps/command_line/suggestion.hpp"

#include <algorithm>
#include <numeric>

namespace brim::apps {
namespace {

// A zero for an O, a one for an l: these look alike, but their keys are far apart.
bool look_alike(char a, char b) {
  const auto face = [](char letter) { return letter == 'o' ? '0' : letter == 'l' || letter == 'i' ? '1' : letter; };
  return face(a) == face(b);
}

// Levenshtein distance, where swapping two neighbours counts as one change (Damerau).
std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> before, above(right.size() + 1), here(right.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t row = 1; row <= left.size(); ++row) {
    here[0] = row;
    for (std::size_t column = 1; column <= right.size(); ++column) {
      const std::size_t change = look_alike(left[row - 1], right[column - 1]) ? 0 : 1;
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

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& letter : out) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  return out;
}

// An option without its dashes, or a command at the prompt without its slash.
std::string_view letters_of(std::string_view word) {
  return word.substr(std::min(word.find_first_not_of("-/"), word.size()));
}

// How many letters may be wrong: none for words of two or fewer letters, since any other two would be equally close.
std::size_t tolerated(std::size_t letters) { return letters < 3 ? 0 : std::max<std::size_t>(1, letters / 3); }

}  // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  if (word.size() > 40) return {};
  const std::string typed = lower_case(word);
  const std::string_view letters = letters_of(typed);
  const std::string* nearest = nullptr;
  std::size_t min = tolerated(letters.size()) + 1;
  for (const std::string& candidate : known) {
    const std::string other = lower_case(candidate);
    const bool begun = letters.size() > 1 && other.starts_with(typed);
    const std::size_t steps = begun ? 0 : distance(letters, letters_of(other));
    if (steps >= min || (steps > 0 && letters_of(other).size() < 3)) continue;
    min = steps;
    nearest = &candidate;
  }
  return nearest == nullptr ? std::string() : " Did you mean " + *nearest + "?";
}

}  // namespace brim::apps
