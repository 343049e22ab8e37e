// Text that came from a file, a prompt or a request, made fit to stand in a sentence that a terminal may show: one line,
// valid UTF-8, no control characters, of bounded length.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace brim {

/// `text` in single quotes. Control characters, bytes that are no UTF-8, direction marks and the quote and backslash
/// themselves are written as escapes (\n, \', \x1b, \u202e); after `most` bytes of input the rest is left out and said
/// ("'abc…' (5000 bytes)"). Any input is safe.
std::string quoted(std::string_view text, std::size_t most = 80);

}  // namespace brim
