// See platform/program/terminal.hpp.
#include "platform/program/terminal.hpp"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cstring>

namespace brim::platform {

bool is_terminal(int descriptor) noexcept { return ::isatty(descriptor) == 1; }

int terminal_columns(int descriptor) noexcept {
  winsize size{};
  return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void keep_line_ends(int descriptor) noexcept {
  termios state{};
  if (::tcgetattr(descriptor, &state) != 0) return;
  state.c_iflag &= ~static_cast<tcflag_t>(ICRNL | INLCR);
  ::tcsetattr(descriptor, TCSANOW, &state);
}

TerminalState::TerminalState(int descriptor) noexcept {
  static_assert(sizeof(termios) <= sizeof bytes_);
  termios state{};
  ::tcgetattr(descriptor, &state);
  std::memcpy(bytes_, &state, sizeof state);
}

void TerminalState::restore(int descriptor) const noexcept {
  termios state;
  std::memcpy(&state, bytes_, sizeof state);
  ::tcsetattr(descriptor, TCSANOW, &state);
}

bool characters_are_utf8() noexcept { return std::strcmp(::nl_langinfo(CODESET), "UTF-8") == 0; }

}  // namespace brim::platform
