// See test.hpp.
#include "apps/bench/test.hpp"

#include <fmt/format.h>

#include "apps/commands.hpp"
#include "apps/model_options/number_checks.hpp"

namespace brim::apps::bench {

std::string Test::name() const {
  std::string text = fmt::format("{}{}", kind == Kind::prompt ? "pp" : "tg", tokens);
  if (sequences > 1) text += fmt::format("x{}", sequences);
  if (depth > 0) text += fmt::format("@d{}", depth);
  return text;
}

std::vector<std::string> split_words(const std::vector<std::string>& texts, std::string_view option) {
  std::vector<std::string> words;
  for (const std::string_view text : texts) {
    for (std::size_t start = 0; start <= text.size();) {
      const std::size_t end = std::min(text.find(',', start), text.size());
      if (end == start) throw Failure(2, fmt::format("{}: a value is missing in '{}'", option, text));
      words.emplace_back(text.substr(start, end - start));
      start = end + 1;
    }
  }
  return words;
}

std::vector<std::int64_t> parse_numbers(const std::vector<std::string>& texts, std::string_view option,
                                        std::int64_t min, std::int64_t max) {
  std::vector<std::int64_t> numbers;
  for (const std::string& word : split_words(texts, option)) {
    const auto number = parse_integer<std::int64_t>(word);
    if (!number || *number < min || *number > max) {
      throw Failure(2, fmt::format("{}: expected numbers from {} to {}, found '{}'", option, min, max, word));
    }
    numbers.push_back(*number);
  }
  return numbers;
}

}  // namespace brim::apps::bench
