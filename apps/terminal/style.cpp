// See style.hpp.
#include "apps/terminal/style.hpp"

#include <cstdlib>
#include <string_view>

#include "platform/program/standard_streams.hpp"
#include "platform/program/terminal.hpp"

namespace brim::apps {

bool error_is_terminal() { return platform::is_terminal(platform::kStandardError); }

int terminal_columns() {
  const int columns = platform::terminal_columns(platform::kStandardError);
  return columns > 0 ? columns : 80;
}

Style Style::of(int descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  if (!platform::is_terminal(descriptor) || (no_color != nullptr && *no_color != '\0') || term == nullptr ||
      std::string_view(term) == "dumb") {
    return {};
  }
  return {.dim = "\x1b[2m", .bold = "\x1b[1m", .warning = "\x1b[33m", .prompt = "\x1b[1;32m", .plain = "\x1b[0m"};
}

}  // namespace brim::apps
