// See status_line.hpp.
#include "apps/terminal/status_line.hpp"

#include "apps/terminal/error_output.hpp"
#include "apps/terminal/style.hpp"

namespace brim::apps {

StatusLine::StatusLine() : terminal_(error_is_terminal()) {}
StatusLine::~StatusLine() { clear(); }

void StatusLine::show(std::string_view text) {
  if (!terminal_) return;
  rewrite_line(text.substr(0, static_cast<std::size_t>(terminal_columns()) - 1));
  shown_ = true;
}

void StatusLine::clear() {
  if (!shown_) return;
  erase_line();
  shown_ = false;
}

}  // namespace brim::apps
