// See prompt_ids.hpp.
#include "apps/run/prompt_ids.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "apps/commands.hpp"
#include "apps/model_options/number_checks.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps {

std::vector<std::int32_t> parse_prompt_ids(std::string_view text, std::string_view option, std::string_view what) {
  constexpr std::string_view kBetween = " \t\r\n,[]";
  const std::string_view all = text;
  std::vector<std::int32_t> ids;
  while (true) {
    const std::string_view between = text.substr(0, text.find_first_not_of(kBetween));
    text.remove_prefix(between.size());
    // Blanks or one comma stand between two ids, and no comma stands before the first or behind the last.
    if (std::ranges::count(between, ',') > (ids.empty() || text.empty() ? 0 : 1)) {
      throw Failure(2, fmt::format("{}: a value is missing in {}", option, quoted(all)));
    }
    if (text.empty()) return ids;
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
