// See status_line.hpp.
#include "apps/bench/status_line.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "apps/terminal/style.hpp"

namespace brim::apps::bench {

StatusLine::StatusLine() : terminal_(error_is_terminal()) {}
StatusLine::~StatusLine() { clear(); }

void StatusLine::show(std::string_view text) {
  if (!terminal_) return;
  fmt::print(stderr, "\r{}\x1b[K", text.substr(0, static_cast<std::size_t>(terminal_columns()) - 1));
  std::fflush(stderr);
  shown_ = true;
}

void StatusLine::clear() {
  if (!shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace brim::apps::bench
