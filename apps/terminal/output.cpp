// See output.hpp.
#include "apps/terminal/output.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "apps/commands.hpp"

namespace brim::apps {
namespace {

bool is_terminal() {
  static const bool terminal = isatty(STDOUT_FILENO) == 1;
  return terminal;
}

void write_bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    if (errno == EINTR || errno == EAGAIN) continue;
    if (errno == EPIPE) throw ClosedOutput();
    throw Failure(1, std::string("standard output cannot be written: ") + std::strerror(errno));
  }
}

}  // namespace

void ignore_write_signals() noexcept {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

void end_by_pipe() {
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
  ::_exit(128 + SIGPIPE);
}

void write_output(std::string_view text) {
  if (is_terminal()) {
    write_bytes(printable(text));
  } else {
    write_bytes(text);
  }
}

OutputStream::OutputStream() : terminal_(is_terminal()) {}

void OutputStream::write(std::string_view text) {
  if (text.empty()) return;
  if (terminal_) {
    write_bytes(pieces_.add(text));
  } else {
    write_bytes(text);
  }
  wrote_ = true;
  line_open_ = text.back() != '\n';
}

void OutputStream::end_line(bool even_if_empty) {
  write_bytes(pieces_.finish());
  if (line_open_ || (even_if_empty && !wrote_)) write_bytes("\n");
  line_open_ = false;
}

}  // namespace brim::apps
