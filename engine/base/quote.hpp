// Text that came from a file, a prompt or a request, escaped so that a message on a terminal may contain it: one line,
// valid UTF-8, no control characters, of bounded length.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace brim {

struct Quoted {
  std::string operator()(std::string_view text, std::size_t max = 80) const;
};

/// quoted(text): `text` in single quotes. Control characters, bytes that are not UTF-8, direction marks and the quote
/// and backslash themselves are written as escapes (\n, \', \x1b, \u202e); after `max` bytes of input the rest is left
/// out and its size is given ("'abc…' (5000 bytes)"). Any input is safe. An object and not a function, so that
/// argument-dependent lookup never finds std::quoted, which escapes none of these, in its place.
inline constexpr Quoted quoted;

/// A whole sentence, which may contain untrusted text without quotes (a path, a template's message): the same escapes,
/// except for the quote and the backslash, and without the length limit. Every Error's sentence goes through this.
/// Allocates nothing where there is nothing to escape.
std::string one_line(std::string sentence);

}  // namespace brim
