// Signals: what the system and people tell a process.
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
  closed_pipe,     ///< nobody reads what is written
  file_too_large,  ///< beyond RLIMIT_FSIZE
};

/// Called in the middle of anything: may touch lock-free atomics and call async-signal-safe functions only.
using SignalHandler = void (*)(Signal) noexcept;

/// From here on `handler` is called, and what waits for input ends waiting. A signal that the parent process ignores (nohup, or in
/// the background) stays ignored.
void catch_signal(Signal signal, SignalHandler handler) noexcept;
/// From here on nothing happens; what the signal told of is a failed call.
void ignore_signal(Signal signal) noexcept;
/// Does to this process what the signal does to those that do not catch it; within its own handler, when that returns. Returns
/// where it is blocked. Async-signal-safe.
void take_default(Signal signal) noexcept;
/// The exit code by which a shell tells that a signal ended a program.
int exit_code_of(Signal signal) noexcept;

/// Stops this process as Ctrl-Z does, whoever catches that, and returns when it goes on: at once where no shell could continue it
/// (the system ignores the signal then).
void stop_this_process() noexcept;

/// Catches signals while it lives, like catch_signal(); afterwards they are handled as before. Signals of their own: at any time
/// one handler has a signal.
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

/// A pipe by which a handler wakes who waits for input: its ends never block. Both are −1 when there is none.
struct WakePipe {
  int reading = -1, writing = -1;
};
WakePipe open_wake_pipe() noexcept;

}  // namespace brim::platform
