// See output.hpp.
#include "apps/terminal/output.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "apps/commands.hpp"

namespace brim::apps {

void write_output(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    if (errno == EINTR || errno == EAGAIN) continue;
    if (errno == EPIPE) {  // SIGPIPE was ignored by whoever started us
      std::signal(SIGPIPE, SIG_DFL);
      std::raise(SIGPIPE);
    }
    throw Failure(1, std::string("standard output cannot be written: ") + std::strerror(errno));
  }
}

std::string printable(std::string_view text) {
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";
  std::string out;
  out.reserve(text.size());
  for (std::size_t index = 0; index < text.size(); ++index) {
    const auto byte = static_cast<unsigned char>(text[index]);
    const auto next = index + 1 < text.size() ? static_cast<unsigned char>(text[index + 1]) : 0;
    if ((byte < 0x20 && byte != '\t' && byte != '\n') || byte == 0x7f) {
      out += kReplacement;
    } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {  // C1: U+0080 to U+009F
      out += kReplacement;
      ++index;
    } else {
      out += static_cast<char>(byte);
    }
  }
  return out;
}

OutputStream::OutputStream() : terminal_(isatty(STDOUT_FILENO) == 1) {}

void OutputStream::write(std::string_view text) {
  if (text.empty()) return;
  if (terminal_) {
    write_output(printable(text));
  } else {
    write_output(text);
  }
  wrote_ = true;
  line_open_ = text.back() != '\n';
}

void OutputStream::end_line(bool even_if_empty) {
  if (line_open_ || (even_if_empty && !wrote_)) write_output("\n");
  line_open_ = false;
}

}  // namespace brim::apps
