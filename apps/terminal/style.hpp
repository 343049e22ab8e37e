// Whether standard error is a terminal, and colours for it: only there, never when NO_COLOR is set (https://no-color.org)
// or TERM is "dumb".
#pragma once

#include <string>

namespace brim::apps {

bool error_is_terminal();
/// The columns of the terminal behind standard error; 80 when that is unknown.
int terminal_columns();

/// Escape sequences, or empty strings where there are to be no colours.
struct Style {
  /// For text on the terminal behind this file descriptor.
  static Style of(int descriptor);
  std::string dim, bold, warning, prompt, plain;
};

}  // namespace brim::apps
