// Terminals.
#pragma once

#include <cstddef>

namespace brim::platform {

bool is_terminal(int descriptor) noexcept;
/// How wide it is in characters; 0 when it does not say.
int terminal_columns(int descriptor) noexcept;
/// Has it hand over carriage returns and line feeds as they are typed, until its state is set anew.
void keep_line_ends(int descriptor) noexcept;

/// How a terminal is set, to be put back later. Copyable.
class TerminalState {
 public:
  TerminalState() = default;
  /// The state that it is in now.
  explicit TerminalState(int descriptor) noexcept;
  /// Async-signal-safe.
  void restore(int descriptor) const noexcept;

 private:
  alignas(std::max_align_t) std::byte bytes_[64]{};
};

/// Whether the C library takes characters for UTF-8 in the locale that is set.
bool characters_are_utf8() noexcept;

}  // namespace brim::platform
