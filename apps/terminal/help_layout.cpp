// See help_layout.hpp.
#include "apps/terminal/help_layout.hpp"

#include <sstream>

namespace brim::apps {

std::string HelpLayout::make_option_desc(const CLI::Option* option) const {
  constexpr std::size_t kColumns = 80;
  const std::size_t room = kColumns > get_column_width() + 20 ? kColumns - get_column_width() : 20;
  std::istringstream words(option->get_description());
  std::string out, word;
  std::size_t column = 0;
  while (words >> word) {
    if (column > 0 && column + 1 + word.size() > room) {
      out += '\n';
      column = 0;
    } else if (column > 0) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

}  // namespace brim::apps
