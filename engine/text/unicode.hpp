// UTF-8 and character classes, as the tokenizers need them: llama.cpp's lenient decoding of bytes that are not UTF-8
// (prompts may hold anything) and strict decoding for text that is output. Categories come from utf8proc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace brim::text {

/// What the pre-tokenizers distinguish. Whitespace is Unicode's White_Space, the rest are general categories.
enum class CharacterClass : std::uint8_t { other, letter, number, mark, punctuation, symbol, whitespace };

/// The class of a code point; anything past U+10FFFF is `other`. Knows the characters of Unicode 15.1 even where the
/// installed utf8proc is older, so that token ids do not depend on the machine.
CharacterClass character_class(std::uint32_t code_point);

/// Whether the code point is assigned only since Unicode 15.0: libraries of different age disagree on it.
bool is_recent_character(std::uint32_t code_point);

/// How many bytes a character that begins with `lead` takes, judged by that byte alone: 1 to 4 (1 for stray bytes).
inline std::size_t sequence_length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

constexpr std::uint32_t kReplacementCharacter = 0xFFFD;

/// One character of a byte string.
struct Decoded {
  std::uint32_t code_point = kReplacementCharacter;
  std::size_t length = 1;  ///< bytes read, at least 1
  bool valid = false;      ///< false: these bytes are not a character (code_point is U+FFFD, length 1)
};

/// Reads the character at `offset` (< text.size()) as llama.cpp does: overlong forms and surrogates are taken by their
/// value; stray, cut-off and too large sequences are invalid byte by byte.
Decoded decode_lenient(std::string_view text, std::size_t offset);

/// Appends the UTF-8 form of `code_point` (at most U+10FFFF; a surrogate is written in three bytes).
void append_utf8(std::uint32_t code_point, std::string& out);

/// What the bytes at `offset` (< text.size()) are to strict UTF-8 (RFC 3629).
struct Utf8Unit {
  std::size_t length = 1;  ///< of the character, or of the longest wrong part that one U+FFFD stands for
  enum class Kind { character, wrong, incomplete } kind = Kind::wrong;  ///< incomplete: the text ends inside it
};
Utf8Unit read_utf8(std::string_view text, std::size_t offset);

}  // namespace brim::text
