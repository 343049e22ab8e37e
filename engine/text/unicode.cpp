// See unicode.hpp.
#include "engine/text/unicode.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace brim::text {
namespace {

struct Range {
  std::uint32_t first, last;
  CharacterClass kind;
};

// What Unicode 15.0 and 15.1 added (DerivedAge.txt and UnicodeData.txt of the Unicode Character Database), in order.
using enum CharacterClass;
constexpr Range kRecent[] = {
    {0x0CF3, 0x0CF3, mark},     {0x0ECE, 0x0ECE, mark},     {0x2FFC, 0x2FFF, symbol},   {0x31EF, 0x31EF, symbol},
    {0x10EFD, 0x10EFF, mark},   {0x1123F, 0x11240, letter}, {0x11241, 0x11241, mark},   {0x11B00, 0x11B09, punctuation},
    {0x11F00, 0x11F01, mark},   {0x11F02, 0x11F02, letter}, {0x11F03, 0x11F03, mark},   {0x11F04, 0x11F10, letter},
    {0x11F12, 0x11F33, letter}, {0x11F34, 0x11F3A, mark},   {0x11F3E, 0x11F42, mark},   {0x11F43, 0x11F4F, punctuation},
    {0x11F50, 0x11F59, number}, {0x1342F, 0x1342F, letter}, {0x13439, 0x1343F, other},  {0x13440, 0x13440, mark},
    {0x13441, 0x13446, letter}, {0x13447, 0x13455, mark},   {0x1B132, 0x1B132, letter}, {0x1B155, 0x1B155, letter},
    {0x1D2C0, 0x1D2D3, number}, {0x1DF25, 0x1DF2A, letter}, {0x1E030, 0x1E06D, letter}, {0x1E08F, 0x1E08F, mark},
    {0x1E4D0, 0x1E4EB, letter}, {0x1E4EC, 0x1E4EF, mark},   {0x1E4F0, 0x1E4F9, number}, {0x1F6DC, 0x1F6DC, symbol},
    {0x1F774, 0x1F776, symbol}, {0x1F77B, 0x1F77F, symbol}, {0x1F7D9, 0x1F7D9, symbol}, {0x1FA75, 0x1FA77, symbol},
    {0x1FA87, 0x1FA88, symbol}, {0x1FAAD, 0x1FAAF, symbol}, {0x1FABB, 0x1FABD, symbol}, {0x1FABF, 0x1FABF, symbol},
    {0x1FACE, 0x1FACF, symbol}, {0x1FADA, 0x1FADB, symbol}, {0x1FAE8, 0x1FAE8, symbol}, {0x1FAF7, 0x1FAF8, symbol},
    {0x2EBF0, 0x2EE5D, letter}, {0x31350, 0x323AF, letter},
};

const Range* recent_range(std::uint32_t code_point) {
  const auto* range = std::lower_bound(std::begin(kRecent), std::end(kRecent), code_point,
                                       [](const Range& entry, std::uint32_t value) { return entry.last < value; });
  return range != std::end(kRecent) && range->first <= code_point ? range : nullptr;
}

bool is_whitespace(std::uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

CharacterClass character_class(std::uint32_t code_point) {
  if (is_whitespace(code_point)) return whitespace;
  if (code_point > 0x10FFFF) return other;
  if (const Range* range = recent_range(code_point)) return range->kind;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code_point))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return letter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return number;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return mark;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
      return punctuation;
    case UTF8PROC_CATEGORY_SM:
    case UTF8PROC_CATEGORY_SC:
    case UTF8PROC_CATEGORY_SK:
    case UTF8PROC_CATEGORY_SO:
      return symbol;
    default:
      return other;
  }
}

bool is_recent_character(std::uint32_t code_point) { return recent_range(code_point) != nullptr; }

Decoded decode_lenient(std::string_view text, std::size_t offset) {
  const auto lead = static_cast<unsigned char>(text[offset]);
  if (lead < 0x80) return {lead, 1, true};
  if (lead < 0xC0 || lead >= 0xF8) return {};
  const std::size_t length = sequence_length(text[offset]);
  if (length > text.size() - offset) return {};
  std::uint32_t code_point = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[offset + i])) return {};
    code_point = code_point << 6 | (static_cast<unsigned char>(text[offset + i]) & 0x3Fu);
  }
  if (code_point > 0x10FFFF) return {};
  return {code_point, length, true};
}

void append_utf8(std::uint32_t code_point, std::string& out) {
  const auto low = [&](int shift) { out += static_cast<char>(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0 | code_point >> 6);
    low(0);
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xE0 | code_point >> 12);
    low(6), low(0);
  } else {
    out += static_cast<char>(0xF0 | code_point >> 18);
    low(12), low(6), low(0);
  }
}

Utf8Unit read_utf8(std::string_view text, std::size_t offset) {
  using Kind = Utf8Unit::Kind;
  const auto lead = static_cast<unsigned char>(text[offset]);
  if (lead < 0x80) return {1, Kind::character};
  if (lead < 0xC2 || lead > 0xF4) return {1, Kind::wrong};
  const std::size_t length = sequence_length(text[offset]);
  for (std::size_t i = 1; i < length; ++i) {
    if (offset + i == text.size()) return {i, Kind::incomplete};
    const auto byte = static_cast<unsigned char>(text[offset + i]);
    // The second byte of these leads is narrower: overlong forms, surrogates, and what lies past U+10FFFF.
    const unsigned min = i == 1 && lead == 0xE0 ? 0xA0 : i == 1 && lead == 0xF0 ? 0x90 : 0x80;
    const unsigned max = i == 1 && lead == 0xED ? 0x9F : i == 1 && lead == 0xF4 ? 0x8F : 0xBF;
    if (byte < min || byte > max) return {i, Kind::wrong};
  }
  return {length, Kind::character};
}

}  // namespace brim::text
