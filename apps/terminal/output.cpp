// See output.hpp.
#include "apps/terminal/output.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "apps/commands.hpp"
#include "platform/program/signals.hpp"
#include "platform/program/standard_streams.hpp"
#include "platform/program/terminal.hpp"

namespace brim::apps {
namespace {

using platform::Signal;

bool is_terminal() {
  static const bool terminal = platform::is_terminal(platform::kStandardOutput);
  return terminal;
}

void write_bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::ptrdiff_t written = platform::write_some(platform::kStandardOutput, bytes);
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
  platform::ignore_signal(Signal::closed_pipe);
  platform::ignore_signal(Signal::file_too_large);
}

void end_by_pipe() {
  platform::take_default(Signal::closed_pipe);
  std::_Exit(platform::exit_code_of(Signal::closed_pipe));
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
