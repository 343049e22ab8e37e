// Texts as people type and pipe them: escapes on the command line, and the line end that editors and `echo` add.
#pragma once

#include <string>
#include <string_view>

namespace brim::apps {

/// `text` with \n, \t, \r, \\, \", \' and \xHH replaced by what they stand for. Other backslashes stay.
std::string unescaped(std::string_view text);

/// `text` without one line end (\n or \r\n) at its end; nothing else is cut.
std::string without_last_line_end(std::string text);

}  // namespace brim::apps
