// A line from the person at the terminal, with editing and history by libedit.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace brim::apps {

/// The path of the history file: $BRIM_HISTORY when set (empty: no history), else chat_history under
/// $XDG_STATE_HOME/brim or ~/.local/state/brim. Empty: no history.
std::string history_path();

/// One instance per program. The terminal is in its usual state except while read() waits.
class LineEditor {
 public:
  enum class Outcome { line, interrupted, ended };

  /// `history` is the result of history_path(). Folders are created as needed; failures to keep a history are not
  /// reported.
  explicit LineEditor(std::string history);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// Waits for a line after `prompt` (plain text; shown in the prompt colour). `line` has no final newlines; pasted
  /// text may contain other newlines. Ctrl-C, SIGTERM and SIGHUP: interrupted. Ctrl-D on an empty line, or the end of
  /// input: ended.
  Outcome read(const std::string& prompt, std::string& line);
  /// Whether the line that read() returned begins with several pasted lines: these are text, even if they look like a
  /// command.
  bool pasted_lines() const;
  /// Adds a line to the history and its file.
  void remember(const std::string& line);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace brim::apps
