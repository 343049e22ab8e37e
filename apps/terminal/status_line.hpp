// One line on standard error about the work in progress, rewritten in place; only on a terminal.
#pragma once

#include <string_view>

namespace brim::apps {

class StatusLine {
 public:
  StatusLine();
  ~StatusLine();
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  /// Whether there is a terminal, so that show() does something.
  bool possible() const { return terminal_; }
  /// Replaces the text; cut where the terminal's line ends.
  void show(std::string_view text);
  /// Removes the line.
  void clear();

 private:
  bool terminal_;
  bool shown_ = false;
};

}  // namespace brim::apps
