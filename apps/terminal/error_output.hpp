// Standard error, where everything except results goes: sentences, notices, progress. All text is made printable here,
// also where no terminal shows it, and each call writes one line, whatever the text contains. If standard error cannot
// be written, the work continues.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace brim::apps {

/// One line on standard error.
void say(std::string_view line);
/// The same, dim where there are colours.
void say_quietly(std::string_view line);
/// The same, as a warning.
void say_notice(std::string_view line);
/// The parts with " · " between them, on as many lines as the terminal's width requires.
void say_list_quietly(const std::vector<std::string>& parts);

/// Writes `text` over the terminal's current line, without ending it; erase_line() clears it. Does this only where
/// standard error is a terminal.
void rewrite_line(std::string_view text);
void erase_line();

}  // namespace brim::apps
