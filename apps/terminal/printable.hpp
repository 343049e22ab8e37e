// Text from files, models and people, made fit for a terminal: nothing in it can command one. Applied where text leaves the
// program (output.hpp, error_output.hpp) and nowhere else.
#pragma once

#include <string>
#include <string_view>

namespace brim::apps {

/// The same text with U+FFFD in place of control characters other than tab and newline (C0, DEL, C1 in UTF-8) and of each
/// byte sequence that is not UTF-8: a terminal may take a single byte of 0x80 to 0x9F as C1.
std::string printable(std::string_view text);

/// printable() of a text that stands on one line: a sentence, a cell of a table, a name within either. Also without line breaks
/// (newline, U+2028, U+2029) and without the characters that reorder a line or hide in it (U+061C, U+200E, U+200F, U+202A to
/// U+202E, U+2066 to U+2069, U+FEFF): a name from a file can neither end the line around it nor rearrange it.
std::string printable_line(std::string_view line);

/// A JSON text with DEL, C1 and the characters that printable_line() replaces as \u escapes: the same JSON, safe on a terminal.
/// The other control characters are escaped in any JSON text.
std::string printable_json(std::string_view json);

/// printable() for text that arrives in pieces, which may end inside a character.
class PrintablePieces {
 public:
  /// What can be shown now; the beginning of a character that `piece` ends in waits for the next one.
  std::string add(std::string_view piece);
  /// What is left: U+FFFD for a character that never became whole.
  std::string finish();

 private:
  std::string waiting_;
};

}  // namespace brim::apps
