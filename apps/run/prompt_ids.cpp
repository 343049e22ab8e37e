// See prompt_ids.hpp.
#include "apps/run/prompt_ids.hpp"

#include <fmt/format.h>

#include "apps/commands.hpp"
#include "apps/model_options/number_checks.hpp"

namespace brim::apps {

std::vector<std::int32_t> parse_prompt_ids(std::string_view text, std::string_view option, std::string_view what) {
  constexpr std::string_view kBetween = " \t\r\n,[]";
  std::vector<std::int32_t> ids;
  while (true) {
    const std::size_t start = text.find_first_not_of(kBetween);
    if (start == std::string_view::npos) return ids;
    text.remove_prefix(start);
    const std::string_view word = text.substr(0, text.find_first_of(kBetween));
    const auto id = parse_integer<std::int32_t>(word);
    if (!id || *id < 0) {
      throw Failure(2, fmt::format("{}: '{}' is not a {}", option, word.substr(0, 40), what));
    }
    ids.push_back(*id);
    text.remove_prefix(word.size());
  }
}

}  // namespace brim::apps
