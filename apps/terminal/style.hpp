// Whether standard error is a terminal, and colours for it: only there, never when NO_COLOR is set (https://no-color.org)
// or TERM is "dumb".
#pragma once

#include <string>
#include <string_view>
#include <vector>

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

/// One line on standard error, dim / as a warning.
void say_quietly(std::string_view line);
/// The parts with " · " between them, on as many lines as the terminal's width asks for.
void say_parts_quietly(const std::vector<std::string>& parts);
void say_notice(std::string_view line);
/// One line on standard error as it is.
void say(std::string_view line);

}  // namespace brim::apps
