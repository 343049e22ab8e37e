// Standard output, where results go: every write arrives whole and at once (answers stream), and a reader who went away
// ends the program the way a closed pipe does.
#pragma once

#include <string>
#include <string_view>

namespace brim::apps {

/// Writes bytes to standard output. Failures: a closed pipe ends the program quietly by SIGPIPE; anything else throws
/// Failure (exit code 1) with the system's reason.
void write_output(std::string_view bytes);

/// The same text without what could command a terminal: control characters other than tab and newline come out as U+FFFD.
/// Models repeat what they read, and an escape sequence may come from anywhere.
std::string printable(std::string_view text);

/// Streams text to standard output: as it is into a pipe or file, printable on a terminal.
class OutputStream {
 public:
  OutputStream();
  void write(std::string_view text);
  /// Ends the last line when it is not ended yet; nothing when nothing was written and `even_if_empty` is not set.
  void end_line(bool even_if_empty = false);

 private:
  bool terminal_;
  bool wrote_ = false;
  bool line_open_ = false;
};

}  // namespace brim::apps
