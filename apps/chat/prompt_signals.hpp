// The signals that matter while a line is being typed: the terminal is restored before the program stops or ends.
#pragma once

#include "platform/program/signals.hpp"

namespace brim::apps {

/// Must live while read() waits: SIGTSTP (Ctrl-Z), SIGCONT and SIGWINCH are recorded, and wake() is called. One
/// instance at a time. Signals that the parent process ignores stay ignored.
class PromptSignals {
 public:
  /// `terminal`: the descriptor of the keyboard, in the state that is restored if SIGQUIT ends the program.
  explicit PromptSignals(int terminal);
  ~PromptSignals();
  PromptSignals(const PromptSignals&) = delete;
  PromptSignals& operator=(const PromptSignals&) = delete;

  /// Each returns true once if its signal came since the last call.
  bool stop_requested();
  bool resized();
  bool continued();
  /// Stops this process as Ctrl-Z does, and returns when it continues. Returns at once if no shell could continue it
  /// (the kernel ignores the signal then). Returns whether it stopped.
  bool stop();

 private:
  platform::CaughtSignals remembered_, ending_;
};

}  // namespace brim::apps
