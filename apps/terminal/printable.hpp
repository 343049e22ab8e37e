// Text from files, models and users, made safe for a terminal: it cannot command the terminal. Applied where text
// leaves the program (output.hpp, error_output.hpp) and nowhere else.
#pragma once

#include <string>
#include <string_view>

namespace brim::apps {

/// The same text with U+FFFD in place of control characters other than tab and newline (C0, DEL, C1 in UTF-8) and of each
/// byte sequence that is not UTF-8: a terminal may take a single byte of 0x80 to 0x9F as C1.
std::string printable(std::string_view text);

/// printable() for a text that must stay on one line: a sentence, a cell of a table, a name in either. Also without
/// line breaks (newline, U+2028, U+2029) and without the characters that reorder a line or are invisible in it (U+061C,
/// U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069, U+FEFF): a name from a file can neither end the line around it
/// nor rearrange it.
std::string printable_line(std::string_view line);

/// A JSON text with DEL, C1 and the characters that printable_line() replaces as \u escapes: the same JSON, safe on a terminal.
/// The other control characters are escaped in any JSON text.
std::string printable_json(std::string_view json);

/// printable() for text that arrives in pieces, which may end inside a character.
class PrintablePieces {
 public:
  /// The text that can be shown now; if `piece` ends inside a character, its beginning waits for the next piece.
  std::string add(std::string_view piece);
  /// The rest: U+FFFD for a character that was never completed.
  std::string finish();

 private:
  std::string waiting_;
};

}  // namespace brim::apps
