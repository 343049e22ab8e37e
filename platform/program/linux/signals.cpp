// See platform/program/signals.hpp.
#include "platform/program/signals.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <utility>
#include <vector>

namespace brim::platform {
namespace {

constexpr int kNumbers[] = {0,       SIGINT,  SIGTERM,  SIGHUP,  SIGQUIT,
                            SIGTSTP, SIGCONT, SIGWINCH, SIGPIPE, SIGXFSZ};  ///< by Signal
constinit std::atomic<SignalHandler> handlers[std::size(kNumbers)]{};
static_assert(std::atomic<SignalHandler>::is_always_lock_free);

int number_of(Signal signal) noexcept { return kNumbers[static_cast<std::size_t>(signal)]; }

extern "C" void hand_on(int number) {
  for (std::size_t i = 1; i < std::size(kNumbers); ++i) {
    if (kNumbers[i] != number) continue;
    if (const SignalHandler handler = handlers[i].load(); handler != nullptr) handler(static_cast<Signal>(i));
  }
}

/// Returns the previous handling.
struct sigaction handle(Signal signal, SignalHandler handler) noexcept {
  struct sigaction before {
  }, action{};
  if (::sigaction(number_of(signal), nullptr, &before) == 0 && before.sa_handler == SIG_IGN) return before;
  handlers[static_cast<std::size_t>(signal)].store(handler);
  action.sa_handler = hand_on;  // no SA_RESTART: a wait for a line must end
  sigemptyset(&action.sa_mask);
  ::sigaction(number_of(signal), &action, nullptr);
  return before;
}

}  // namespace

void catch_signal(Signal signal, SignalHandler handler) noexcept { handle(signal, handler); }

void ignore_signal(Signal signal) noexcept { ::signal(number_of(signal), SIG_IGN); }

void take_default(Signal signal) noexcept {
  ::signal(number_of(signal), SIG_DFL);
  ::raise(number_of(signal));
}

int exit_code_of(Signal signal) noexcept { return 128 + number_of(signal); }

void stop_this_process() noexcept {
  struct sigaction usual {
  }, ours{};
  usual.sa_handler = SIG_DFL;
  ::sigaction(SIGTSTP, &usual, &ours);
  ::raise(SIGTSTP);
  ::sigaction(SIGTSTP, &ours, nullptr);
}

struct CaughtSignals::State {
  std::vector<std::pair<Signal, struct sigaction>> before;
};

CaughtSignals::CaughtSignals(std::span<const Signal> signals, SignalHandler handler)
    : state_(std::make_unique<State>()) {
  state_->before.reserve(signals.size());
  for (const Signal signal : signals) state_->before.emplace_back(signal, handle(signal, handler));
}

CaughtSignals::~CaughtSignals() {
  for (const auto& [signal, action] : state_->before) ::sigaction(number_of(signal), &action, nullptr);
}

WakePipe open_wake_pipe() noexcept {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return {};
  return {ends[0], ends[1]};
}

}  // namespace brim::platform
