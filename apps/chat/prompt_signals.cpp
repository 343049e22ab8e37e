// See prompt_signals.hpp. The handlers touch lock-free atomics and async-signal-safe functions only.
#include "apps/chat/prompt_signals.hpp"

#include <atomic>

#include "apps/chat/bracketed_paste.hpp"
#include "apps/terminal/interrupts.hpp"
#include "platform/program/standard_streams.hpp"
#include "platform/program/terminal.hpp"

namespace brim::apps {
namespace {

using platform::Signal;

std::atomic<bool> to_stop{false}, new_size{false}, went_on{false};
int keyboard = -1;
platform::TerminalState usual;  ///< written before the handlers are installed

constexpr Signal kRemembered[] = {Signal::stop, Signal::go_on, Signal::window_size};
constexpr Signal kEnding[] = {Signal::quit};

void remember(Signal signal) noexcept {
  (signal == Signal::stop ? to_stop : signal == Signal::window_size ? new_size : went_on).store(true);
  wake();
}

void quit(Signal signal) noexcept {
  usual.restore(keyboard);
  (void)platform::write_some(keyboard, kBracketedPasteOff);
  platform::take_default(signal);
}

/// Stores the terminal state that quit() restores.
platform::SignalHandler quit_on(int terminal) {
  keyboard = terminal;
  usual = platform::TerminalState(terminal);
  return quit;
}

}  // namespace

PromptSignals::PromptSignals(int terminal) : remembered_(kRemembered, remember), ending_(kEnding, quit_on(terminal)) {}

PromptSignals::~PromptSignals() = default;

bool PromptSignals::stop_requested() { return to_stop.exchange(false); }
bool PromptSignals::resized() { return new_size.exchange(false); }
bool PromptSignals::continued() { return went_on.exchange(false); }

bool PromptSignals::stop() {
  went_on.store(false);
  platform::stop_this_process();
  return continued();
}

}  // namespace brim::apps
