// Ctrl-C: the first one asks the work in progress to stop, a second one before it has stopped ends the program.
#pragma once

#include <brim/brim.hpp>

namespace brim::apps {

/// From here on Ctrl-C is counted instead of ending the program. At an idle prompt it only interrupts the waiting. Where
/// whoever started us ignores it, it stays ignored.
void catch_interrupts();

/// Whether Ctrl-C was pressed since the last call of forget_interrupts().
bool interrupted() noexcept;
void forget_interrupts() noexcept;

/// Ends the program as Ctrl-C ends any other (callers see the signal; a shell reports 130).
[[noreturn]] void end_interrupted();

/// Work that Ctrl-C may stop: with a session, its calls are cancelled; without one, whoever works asks interrupted().
/// A Ctrl-C that was pressed just before and not forgotten counts. One at a time.
class InterruptScope {
 public:
  explicit InterruptScope(Session* session = nullptr) noexcept;
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;
};

}  // namespace brim::apps
