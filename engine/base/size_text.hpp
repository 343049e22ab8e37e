// Sizes as people write and read them: "64MiB", "1.5GiB", "20%" on the way in, "64.0 MiB" on the way out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace brim {

/// Accepts a decimal number and one of B, K/KB/KiB, M/MB/MiB, G/GB/GiB, T… P… E… (case-insensitive; KB = 1000, K and
/// KiB = 1024), blanks between them allowed; a number alone is bytes; parts of a byte are dropped. Errors:
/// invalid_argument naming the text, for anything else, negative, or beyond 2^63.
Result<std::size_t> parse_size(std::string_view text);

/// "812 B", "3.2 KiB", "64.0 MiB", "1.50 GiB".
std::string size_text(std::size_t bytes);
/// "12.0 MiB (12582912 bytes)": the second number can be typed back.
std::string exact_size_text(std::size_t bytes);

}  // namespace brim
