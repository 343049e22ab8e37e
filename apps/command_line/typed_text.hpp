// Texts as people type and pipe them: escapes on the command line, and the line end that editors and `echo` add.
#pragma once

#include <string>
#include <string_view>

namespace brim::apps {

/// `text` with \n, \t, \r, \\, \", \' and \xHH replaced by what they stand for. Other backslashes stay.
std::string unescaped(std::string_view text);
/// A text typed on the command line: its escapes are replaced if `escape` is set (--escape, --no-escape).
std::string typed_text(const std::string& text, bool escape);

/// `text` without one line end (\n or \r\n) at its end; nothing else is cut.
std::string without_last_line_end(std::string text);

}  // namespace brim::apps
