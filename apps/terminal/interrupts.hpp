// The signals that stop work. Ctrl-C: the first one requests that the work in progress stop; a second one before the
// work has stopped ends the program. SIGTERM and SIGHUP request that the work stop and that the program end once it has
// saved what it must save.
#pragma once

#include <brim/brim.hpp>

namespace brim::apps {

/// From this call on, Ctrl-C, SIGTERM and SIGHUP are recorded instead of ending the program. At an idle prompt they
/// only interrupt the wait. A signal that the parent process ignores stays ignored.
void catch_interrupts();

/// Whether the work must stop: Ctrl-C was pressed since the last call of clear_interrupts(), or the program must end.
bool interrupted() noexcept;
/// Whether SIGTERM or SIGHUP arrived, so that the program must end. Stays true.
bool asked_to_end() noexcept;
void clear_interrupts() noexcept;

/// Ends the program by the signal that arrived, or else as Ctrl-C does: callers see the signal, and a shell reports 128
/// plus its number.
[[noreturn]] void end_interrupted();

/// A descriptor that becomes readable when a signal is recorded or wake() is called, for poll() together with others;
/// clear_wakes() makes it wait again. −1 before catch_interrupts().
int wake_descriptor() noexcept;
void clear_wakes() noexcept;
/// Async-signal-safe.
void wake() noexcept;

/// Work that may be stopped: with a session, its calls are cancelled; without one, the worker polls interrupted(). A
/// signal that arrived just before counts, unless it was cleared. One at a time.
class InterruptScope {
 public:
  explicit InterruptScope(Session* session = nullptr) noexcept;
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;
};

}  // namespace brim::apps
