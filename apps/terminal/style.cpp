// See style.hpp.
#include "apps/terminal/style.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

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

void say_quietly(std::string_view line) {
  const Style style = Style::of(STDERR_FILENO);
  fmt::print(stderr, "{}{}{}\n", style.dim, line, style.plain);
}

void say_parts_quietly(const std::vector<std::string>& parts) {
  const auto columns = static_cast<std::size_t>(terminal_columns());
  std::string line;
  for (const std::string& part : parts) {
    if (!line.empty() && line.size() + part.size() + 3 > columns) {
      say_quietly(line);
      line.clear();
    }
    line += (line.empty() ? "" : " · ") + part;
  }
  say_quietly(line);
}

void say_notice(std::string_view line) {
  const Style style = Style::of(STDERR_FILENO);
  fmt::print(stderr, "{}{}{}\n", style.warning, line, style.plain);
}

void say(std::string_view line) { fmt::print(stderr, "{}\n", line); }

}  // namespace brim::apps
