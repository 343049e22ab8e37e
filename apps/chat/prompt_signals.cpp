// See prompt_signals.hpp. The handlers touch lock-free atomics and async-signal-safe functions only.
#include "apps/chat/prompt_signals.hpp"

#include <unistd.h>

#include <atomic>
#include <iterator>

#include "apps/chat/bracketed_paste.hpp"
#include "apps/terminal/interrupts.hpp"

namespace brim::apps {
namespace {

std::atomic<bool> to_stop{false}, new_size{false}, went_on{false};
int keyboard = -1;
termios usual{};  ///< written before the handlers are installed

void remember(int signal) {
  (signal == SIGTSTP ? to_stop : signal == SIGWINCH ? new_size : went_on).store(true);
  wake();
}

void quit(int signal) {
  tcsetattr(keyboard, TCSANOW, &usual);
  if (write(keyboard, kBracketedPasteOff.data(), kBracketedPasteOff.size()) < 0) {
    // Nothing can be done about it here.
  }
  std::signal(signal, SIG_DFL);
  raise(signal);  // delivered when this handler returns
}

}  // namespace

PromptSignals::PromptSignals(int terminal) {
  keyboard = terminal;
  tcgetattr(terminal, &usual);
  for (std::size_t i = 0; i < std::size(kSignals); ++i) {
    struct sigaction action {};
    sigaction(kSignals[i], nullptr, &before_[i]);
    if (before_[i].sa_handler == SIG_IGN) continue;
    action.sa_handler = kSignals[i] == SIGQUIT ? quit : remember;
    sigemptyset(&action.sa_mask);
    sigaction(kSignals[i], &action, nullptr);
  }
}

PromptSignals::~PromptSignals() {
  for (std::size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &before_[i], nullptr);
}

bool PromptSignals::stop_requested() { return to_stop.exchange(false); }
bool PromptSignals::resized() { return new_size.exchange(false); }
bool PromptSignals::continued() { return went_on.exchange(false); }

bool PromptSignals::stop() {
  struct sigaction usual_action {}, ours {};
  usual_action.sa_handler = SIG_DFL;
  went_on.store(false);
  sigaction(SIGTSTP, &usual_action, &ours);
  raise(SIGTSTP);
  sigaction(SIGTSTP, &ours, nullptr);
  return continued();
}

}  // namespace brim::apps
