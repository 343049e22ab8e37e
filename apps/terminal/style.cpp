// See style.hpp.
#include "apps/terminal/style.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace brim::apps {

bool error_is_terminal() { return isatty(STDERR_FILENO) == 1; }

int terminal_columns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

Style Style::of(int descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  if (isatty(descriptor) != 1 || (no_color != nullptr && *no_color != '\0') || term == nullptr ||
      std::string_view(term) == "dumb") {
    return {};
  }
  return {.dim = "\x1b[2m", .bold = "\x1b[1m", .warning = "\x1b[33m", .prompt = "\x1b[1;32m", .plain = "\x1b[0m"};
}

}  // namespace brim::apps
