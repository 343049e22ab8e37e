// GPT-2's byte alphabet: byte-level BPE vocabularies store each byte as one printable character, so that token strings
// and merges can be written as text with spaces between them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace brim::text {

/// The character that stands for a byte: itself for the printable ones of Latin-1 (! to ~, U+00A1 to U+00AC, U+00AE to
/// U+00FF), and U+0100, U+0101, … for the other 68 in order.
std::uint32_t byte_to_character(unsigned char byte);

/// The byte a character stands for, if it is one of the 256.
std::optional<unsigned char> character_to_byte(std::uint32_t code_point);

/// The bytes a token's text stands for; nothing when a character is outside the alphabet (or no UTF-8).
std::optional<std::string> bytes_of_text(std::string_view text);

/// As bytes_of_text, but a character outside the alphabet stands for its own bytes.
std::string bytes_of_mixed_text(std::string_view text);

/// "<0x0A>": the token of a byte in vocabularies whose other tokens are characters.
std::string byte_token_text(unsigned char byte);

}  // namespace brim::text
