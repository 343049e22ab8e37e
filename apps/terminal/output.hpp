// Standard output, where results go: every write arrives whole and at once (answers stream). On a terminal the text is
// made printable (printable.hpp); a pipe or a file receives the bytes unchanged. Reports pass names from files through
// printable_line() themselves, because only they know where their lines end.
#pragma once

#include <exception>
#include <string_view>

#include "apps/terminal/printable.hpp"

namespace brim::apps {

/// Thrown when the process that reads standard output has gone away: the program ends as if by SIGPIPE, without a
/// sentence (end_by_pipe).
struct ClosedOutput : std::exception {
  const char* what() const noexcept override { return "the sequence of standard output went away"; }
};
[[noreturn]] void end_by_pipe();

/// From this call on, a closed pipe (SIGPIPE) and a file that reached its max size (SIGXFSZ) are failed writes with a
/// reason, and do not end the program while it has something to save.
void ignore_write_signals() noexcept;

/// Writes to standard output. Throws ClosedOutput, and Failure (exit code 1) with the system's reason for anything else.
void write_output(std::string_view text);

/// Streams text to standard output in pieces, which may end inside a character.
class OutputStream {
 public:
  OutputStream();
  void write(std::string_view text);
  /// Ends the last line if it has not ended yet. Does nothing when nothing was written and `even_if_empty` is not set.
  void end_line(bool even_if_empty = false);

 private:
  bool terminal_;
  bool wrote_ = false;
  bool line_open_ = false;
  PrintablePieces pieces_;
};

}  // namespace brim::apps
