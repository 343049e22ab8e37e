// The signals that stop work. Ctrl-C: the first one asks the work in progress to stop, a second one before it has stopped
// ends the program. SIGTERM and SIGHUP ask the work to stop and the program to end once it has kept what it must keep.
#pragma once

#include <brim/brim.hpp>

namespace brim::apps {

/// From here on Ctrl-C, SIGTERM and SIGHUP are remembered instead of ending the program. At an idle prompt they only
/// interrupt the waiting. A signal that the parent process ignores stays ignored.
void catch_interrupts();

/// Whether the work is to stop: Ctrl-C was pressed since the last call of forget_interrupts(), or the program is to end.
bool interrupted() noexcept;
/// Whether SIGTERM or SIGHUP came: the program is to end. Stays so.
bool asked_to_end() noexcept;
void forget_interrupts() noexcept;

/// Ends the program by the signal that came, or else as Ctrl-C does: callers see the signal, a shell reports 128 and its
/// number.
[[noreturn]] void end_interrupted();

/// A descriptor that becomes readable when a signal is remembered or wake() is called, for poll() beside others;
/// clear_wakes() makes it wait again. −1 before catch_interrupts().
int wake_descriptor() noexcept;
void clear_wakes() noexcept;
/// Async-signal-safe.
void wake() noexcept;

/// Work that may be stopped: with a session, its calls are cancelled; without one, the worker polls interrupted(). A signal
/// that came just before and was not forgotten counts. One at a time.
class InterruptScope {
 public:
  explicit InterruptScope(Session* session = nullptr) noexcept;
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;
};

}  // namespace brim::apps
