// See prompt_ids.hpp.
#include "apps/run/prompt_ids.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string>

#include "apps/commands.hpp"

namespace brim::apps {

std::vector<std::int32_t> parse_prompt_ids(std::string_view text, std::string_view option) {
  constexpr std::string_view kBetween = " \t\r\n,[]";
  std::vector<std::int32_t> ids;
  while (true) {
    const std::size_t start = text.find_first_not_of(kBetween);
    if (start == std::string_view::npos) return ids;
    text.remove_prefix(start);
    const std::string_view word = text.substr(0, text.find_first_of(kBetween));
    std::int32_t id = 0;
    const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (failure != std::errc() || end != word.data() + word.size() || id < 0) {
      throw Failure(2, fmt::format("{}: '{}' is no token id", option, word.substr(0, 40)));
    }
    ids.push_back(id);
    text.remove_prefix(word.size());
  }
}

}  // namespace brim::apps
