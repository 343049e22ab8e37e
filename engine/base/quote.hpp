// Text that came from a file, a prompt or a request, made fit to stand in a sentence that a terminal may show: one
// line, valid UTF-8, no control characters, of bounded length.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace brim {

struct Quoted {
  std::string operator()(std::string_view text, std::size_t most = 80) const;
};

/// quoted(text): `text` in single quotes. Control characters, bytes that are no UTF-8, direction marks and the quote
/// and backslash themselves are written as escapes (\n, \', \x1b, \u202e); after `most` bytes of input the rest is left
/// out and said ("'abc…' (5000 bytes)"). Any input is safe. An object and not a function, so that std::quoted, which
/// escapes nothing of this, is never found in its place by argument-dependent lookup.
inline constexpr Quoted quoted;

}  // namespace brim
