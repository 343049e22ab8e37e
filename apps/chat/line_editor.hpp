// A line from the person at the terminal, with editing and history by libedit.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace brim::apps {

/// Where the history is kept: $BRIM_HISTORY when set (empty: nowhere), else chat_history under $XDG_STATE_HOME/brim or
/// ~/.local/state/brim. Empty: nowhere.
std::string history_path();

/// One per program. The terminal is in its usual state except while read() waits.
class LineEditor {
 public:
  enum class Outcome { line, interrupted, ended };

  /// `history` as history_path() gives it; folders are made as needed, failures to keep a history are not reported.
  explicit LineEditor(std::string history);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// Waits for a line after `prompt` (plain text; shown in the prompt colour). `line` is without its final newlines; what
  /// was pasted may hold others. Ctrl-C, SIGTERM and SIGHUP: interrupted; Ctrl-D on an empty line, or the end of input:
  /// ended.
  Outcome read(const std::string& prompt, std::string& line);
  /// Whether the line that read() returned begins with several pasted lines: text, whatever they look like.
  bool pasted_lines() const;
  /// Adds a line to the history and its file.
  void remember(const std::string& line);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace brim::apps
