// Terminals.
#pragma once

#include <cstddef>

namespace brim::platform {

bool is_terminal(int descriptor) noexcept;
/// The width in characters; 0 when the terminal does not report it.
int terminal_columns(int descriptor) noexcept;
/// Makes the terminal pass on carriage returns and line feeds as they are typed, until its state is set again.
void keep_line_ends(int descriptor) noexcept;

/// The settings of a terminal, to be restored later. Copyable.
class TerminalState {
 public:
  TerminalState() = default;
  /// The current state of the terminal.
  explicit TerminalState(int descriptor) noexcept;
  /// Async-signal-safe.
  void restore(int descriptor) const noexcept;

 private:
  alignas(std::max_align_t) std::byte bytes_[64]{};
};

/// Whether the C library treats characters as UTF-8 in the current locale.
bool characters_are_utf8() noexcept;

}  // namespace brim::platform
