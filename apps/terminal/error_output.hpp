// Standard error, where everything but results goes: sentences, notices, progress. All of it is made printable here, also
// where no terminal reads it, and each call writes one line, whatever the text holds. A standard error that cannot be written
// never stops the work.
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
/// The parts with " · " between them, on as many lines as the terminal's width asks for.
void say_parts_quietly(const std::vector<std::string>& parts);

/// Writes `text` over the line on the terminal that the cursor stands in, without ending it; erase_line() clears it. Only
/// where standard error is a terminal.
void rewrite_line(std::string_view text);
void erase_line();

}  // namespace brim::apps
