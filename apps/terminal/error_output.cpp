// See error_output.hpp.
#include "apps/terminal/error_output.hpp"

#include <cerrno>

#include "apps/terminal/printable.hpp"
#include "apps/terminal/style.hpp"
#include "platform/program/standard_streams.hpp"

namespace brim::apps {
namespace {

// One write where possible, so that lines of several processes do not mix.
void write_error(const std::string& bytes) {
  std::string_view left = bytes;
  while (!left.empty()) {
    const std::ptrdiff_t written = platform::write_some(platform::kStandardError, left);
    if (written < 0 && errno != EINTR && errno != EAGAIN) return;
    if (written > 0) left.remove_prefix(static_cast<std::size_t>(written));
  }
}

void say_in(const std::string& colour, std::string_view line, const std::string& plain) {
  write_error(colour + printable_line(line) + plain + "\n");
}

}  // namespace

void say(std::string_view line) { say_in("", line, ""); }

void say_quietly(std::string_view line) {
  const Style style = Style::of(platform::kStandardError);
  say_in(style.dim, line, style.plain);
}

void say_notice(std::string_view line) {
  const Style style = Style::of(platform::kStandardError);
  say_in(style.warning, line, style.plain);
}

void say_list_quietly(const std::vector<std::string>& parts) {
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

void rewrite_line(std::string_view text) { write_error("\r" + printable_line(text) + "\x1b[K"); }

void erase_line() { write_error("\r\x1b[K"); }

}  // namespace brim::apps
