// Texts as people type and pipe them: escapes on the command line, and the line end that editors and `echo` add.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace brim::apps {

/// `text` with \n, \t, \r, \\, \", \' and \xHH replaced by what they stand for. Other backslashes stay.
std::string unescaped(std::string_view text);
/// A text typed on the command line: its escapes are replaced if `escape` is set (--escape, --no-escape).
std::string typed_text(const std::string& text, bool escape);

/// `text` in double quotes and on one line: quotes and backslashes are escaped, and so is everything that a terminal would
/// not show as it is (\n, \xHH). take_quoted() reads it back.
std::string in_quotes(std::string_view text);
/// Takes a text in double quotes, with the escapes of unescaped(), from the beginning of `rest`, and the blanks after it.
/// Empty, with `rest` unchanged, where there is none: no quote, no second one, or something other than a blank after it.
std::optional<std::string> take_quoted(std::string_view& rest);

/// `text` without one line end (\n or \r\n) at its end; nothing else is cut.
std::string without_last_line_end(std::string text);

}  // namespace brim::apps
