// See quote.hpp. The UTF-8 check is the well-formedness table of the Unicode standard (table 3-7).
#include "engine/base/quote.hpp"

#include <cstdint>
#include <cstdio>

namespace brim {
namespace {

struct Decoded {
  std::uint32_t code_point = 0;
  std::size_t length = 0;  ///< 0: no well-formed character starts here
};

Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t index) {
    return index < text.size() ? static_cast<std::uint8_t>(text[index]) : std::uint8_t{0};
  };
  const auto follows = [&](std::size_t index) { return (byte(index) & 0xC0) == 0x80; };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  if (first >= 0xC2 && first <= 0xDF && follows(1)) return {(first & 0x1F) << 6 | (byte(1) & 0x3Fu), 2};
  if (first >= 0xE0 && first <= 0xEF && follows(1) && follows(2)) {
    const std::uint32_t code = (first & 0x0F) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    return {code, code >= 0x800 && !surrogate ? std::size_t{3} : std::size_t{0}};
  }
  if (first >= 0xF0 && first <= 0xF4 && follows(1) && follows(2) && follows(3)) {
    const std::uint32_t code =
        (first & 0x07) << 18 | (byte(1) & 0x3Fu) << 12 | (byte(2) & 0x3Fu) << 6 | (byte(3) & 0x3Fu);
    return {code, code >= 0x10000 && code <= 0x10FFFF ? std::size_t{4} : std::size_t{0}};
  }
  return {};
}

// Characters that change how the rest of a line is shown, or are not shown at all: C1 controls, line and paragraph separators,
// direction marks and overrides, invisible operators, the byte order mark, annotations, tags.
bool disturbs_display(std::uint32_t code) {
  return (code >= 0x80 && code <= 0x9F) || code == 0x061C || code == 0x200E || code == 0x200F ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF ||
         (code >= 0xFFF9 && code <= 0xFFFB) || (code >= 0xE0000 && code <= 0xE007F);
}

void append_escape(std::string& out, const char* form, unsigned value) {
  char text[16];
  std::snprintf(text, sizeof text, form, value);
  out += text;
}

// Writes the escape for the beginning of `text`, which decode() decoded as `next`; false where it can be shown
// unchanged.
bool escape(std::string_view text, const Decoded& next, std::string& out) {
  const auto byte = static_cast<unsigned char>(text[0]);
  if (next.length == 0) {
    append_escape(out, "\\x%02x", byte);
  } else if (byte == '\n' || byte == '\t' || byte == '\r') {
    out += byte == '\n' ? "\\n" : byte == '\t' ? "\\t" : "\\r";
  } else if (byte < 0x20 || byte == 0x7F) {
    append_escape(out, "\\x%02x", byte);
  } else if (disturbs_display(next.code_point)) {
    append_escape(out, next.code_point > 0xFFFF ? "\\U%08x" : "\\u%04x", next.code_point);
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::string Quoted::operator()(std::string_view text, std::size_t max) const {
  std::string out = "'";
  std::size_t at = 0;
  while (at < text.size()) {
    const Decoded next = decode(text.substr(at));
    const std::size_t length = next.length == 0 ? 1 : next.length;
    if (at + length > max) break;
    if (text[at] == '\'' || text[at] == '\\') {
      (out += '\\') += text[at];
    } else if (!escape(text.substr(at, length), next, out)) {
      out += text.substr(at, length);
    }
    at += length;
  }
  if (at == text.size()) return out + "'";
  return out + "…' (" + std::to_string(text.size()) + " bytes)";
}

std::string one_line(std::string sentence) {
  std::string out;
  std::size_t shown = 0;  // bytes of `sentence` so far: nothing is copied where no byte needs an escape
  for (std::size_t at = 0; at < sentence.size();) {
    const Decoded next = decode(std::string_view(sentence).substr(at));
    const std::size_t length = next.length == 0 ? 1 : next.length;
    std::string escaped;
    if (escape(std::string_view(sentence).substr(at, length), next, escaped)) {
      out.append(sentence, shown, at - shown).append(escaped);
      shown = at + length;
    }
    at += length;
  }
  if (shown == 0) return sentence;
  return out.append(sentence, shown, std::string::npos);
}

}  // namespace brim
