// See byte_alphabet.hpp. The order of the characters above U+00FF is that of OpenAI's GPT-2 encoder.
#include "engine/text/byte_alphabet.hpp"

#include <array>

#include "engine/text/unicode.hpp"

namespace brim::text {
namespace {

constexpr bool is_printable(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr std::size_t kCharacters = 0x100 + 68;  // code points below this may be in the alphabet

struct Alphabet {
  std::array<std::uint16_t, 256> character{};
  std::array<std::int16_t, kCharacters> byte{};
};

constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  for (auto& entry : alphabet.byte) entry = -1;
  std::uint16_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    alphabet.character[byte] = is_printable(byte) ? static_cast<std::uint16_t>(byte) : next++;
    alphabet.byte[alphabet.character[byte]] = static_cast<std::int16_t>(byte);
  }
  return alphabet;
}

constexpr Alphabet kAlphabet = make_alphabet();

}  // namespace

std::uint32_t byte_to_character(unsigned char byte) { return kAlphabet.character[byte]; }

std::optional<unsigned char> character_to_byte(std::uint32_t code_point) {
  if (code_point >= kCharacters || kAlphabet.byte[code_point] < 0) return std::nullopt;
  return static_cast<unsigned char>(kAlphabet.byte[code_point]);
}

std::optional<std::string> bytes_of_text(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t offset = 0; offset < text.size();) {
    const Decoded next = decode_lenient(text, offset);
    const auto byte = next.valid ? character_to_byte(next.code_point) : std::nullopt;
    if (!byte) return std::nullopt;
    bytes += static_cast<char>(*byte);
    offset += next.length;
  }
  return bytes;
}

std::string bytes_of_mixed_text(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t offset = 0; offset < text.size();) {
    const Decoded next = decode_lenient(text, offset);
    const auto byte = next.valid ? character_to_byte(next.code_point) : std::nullopt;
    if (byte) {
      bytes += static_cast<char>(*byte);
    } else {
      bytes += text.substr(offset, next.length);
    }
    offset += next.length;
  }
  return bytes;
}

std::string byte_token_text(unsigned char byte) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  return {'<', '0', 'x', kDigits[byte >> 4], kDigits[byte & 15], '>'};
}

}  // namespace brim::text
