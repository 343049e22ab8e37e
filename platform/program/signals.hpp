// Signals: how the system and users interrupt or notify a process.
#pragma once

#include <memory>
#include <span>

namespace brim::platform {

enum class Signal {
  interrupt = 1,   ///< Ctrl-C
  terminate,       ///< kill, timeout
  hang_up,         ///< the terminal was closed
  quit,            ///< Ctrl-Backslash
  stop,            ///< Ctrl-Z
  go_on,           ///< after it was stopped
  window_size,     ///< of the terminal
  closed_pipe,     ///< the reading end of a pipe was closed
  file_too_large,  ///< beyond RLIMIT_FSIZE
};

/// Can be called at any moment: may only use lock-free atomics and async-signal-safe functions.
using SignalHandler = void (*)(Signal) noexcept;

/// From now on `handler` is called, and a wait for input ends. A signal that the parent process ignores (nohup, or in
/// the background) stays ignored.
void catch_signal(Signal signal, SignalHandler handler) noexcept;
/// From now on the signal does nothing; the event that caused it is visible as a failed call.
void ignore_signal(Signal signal) noexcept;
/// Does to this process what the signal does to processes that do not catch it; when called within the signal's
/// handler, it takes effect when the handler returns. Returns where the signal is blocked. Async-signal-safe.
void take_default(Signal signal) noexcept;
/// The exit code by which a shell reports that a signal ended a program.
int exit_code_of(Signal signal) noexcept;

/// Stops this process as Ctrl-Z does, even if a handler catches Ctrl-Z, and returns when the process is continued: at
/// once where no shell could continue it (the system ignores the signal then).
void stop_this_process() noexcept;

/// Catches signals during its lifetime, like catch_signal(); afterwards they are handled as before. Each signal has
/// only one handler at a time.
class CaughtSignals {
 public:
  CaughtSignals(std::span<const Signal> signals, SignalHandler handler);
  ~CaughtSignals();
  CaughtSignals(const CaughtSignals&) = delete;
  CaughtSignals& operator=(const CaughtSignals&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A pipe by which a handler wakes a thread that waits for input: its ends never block. Both are −1 when there is none.
struct WakePipe {
  int reading = -1, writing = -1;
};
WakePipe open_wake_pipe() noexcept;

}  // namespace brim::platform
