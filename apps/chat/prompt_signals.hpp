// The signals that matter while a line is being typed: the terminal is put right before the program stops or ends.
#pragma once

#include "platform/program/signals.hpp"

namespace brim::apps {

/// Lives while read() waits: SIGTSTP (Ctrl-Z), SIGCONT and SIGWINCH are remembered, and wake() is called. One at a
/// time. Signals that the parent process ignores stay ignored.
class PromptSignals {
 public:
  /// `terminal`: the descriptor of the keyboard, in the state to which it returns should SIGQUIT end the program.
  explicit PromptSignals(int terminal);
  ~PromptSignals();
  PromptSignals(const PromptSignals&) = delete;
  PromptSignals& operator=(const PromptSignals&) = delete;

  /// Each is true once for what came since it was last asked.
  bool stop_requested();
  bool resized();
  bool continued();
  /// Stops this process as Ctrl-Z does and returns when it goes on: at once where no shell could continue it (the kernel
  /// ignores the signal then). Returns whether it stopped.
  bool stop();

 private:
  platform::CaughtSignals remembered_, ending_;
};

}  // namespace brim::apps
