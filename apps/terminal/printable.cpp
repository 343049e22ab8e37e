// See printable.hpp.
#include "apps/terminal/printable.hpp"

#include <cstdint>
#include <cstdio>

#include "engine/text/unicode.hpp"

namespace brim::apps {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

bool commands_terminal(std::uint32_t code) {
  return (code < 0x20 && code != '\t' && code != '\n') || (code >= 0x7f && code <= 0x9f);
}

// Line and paragraph separators, marks and overrides of direction, and the byte order mark.
bool disturbs_line(std::uint32_t code) {
  return code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

// `text` with the result of `replace` for each character, where that is not empty. An incomplete character at the end
// counts as bytes that are not UTF-8: replace(kReplacementCharacter).
template <class Replace>
std::string replaced(std::string_view text, Replace replace) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const text::Utf8Unit unit = text::read_utf8(text, at);
    if (unit.kind == text::Utf8Unit::Kind::character) {
      const std::string other = replace(text::decode_lenient(text, at).code_point);
      out += other.empty() ? text.substr(at, unit.length) : std::string_view(other);
    } else {
      out += kReplacement;
    }
    at += unit.length;
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) {
  return replaced(text, [](std::uint32_t code) { return std::string(commands_terminal(code) ? kReplacement : ""); });
}

std::string printable_line(std::string_view line) {
  return replaced(line, [](std::uint32_t code) {
    return std::string(code == '\n' || commands_terminal(code) || disturbs_line(code) ? kReplacement : "");
  });
}

std::string printable_json(std::string_view json) {
  return replaced(json, [](std::uint32_t code) {
    if (!commands_terminal(code) && !disturbs_line(code)) return std::string();
    if (code < 0x20) return std::string();  // white space between values: never within a string
    char escape[16];
    std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(code));
    return std::string(escape);
  });
}

std::string PrintablePieces::add(std::string_view piece) {
  waiting_ += piece;
  std::size_t whole = waiting_.size();
  for (std::size_t back = 1; back <= 3 && back <= waiting_.size(); ++back) {
    const std::size_t start = waiting_.size() - back;
    if ((static_cast<unsigned char>(waiting_[start]) & 0xc0) == 0x80) continue;  // inside a character
    if (text::read_utf8(waiting_, start).kind == text::Utf8Unit::Kind::incomplete) whole = start;
    break;
  }
  std::string out = printable(std::string_view(waiting_).substr(0, whole));
  waiting_.erase(0, whole);
  return out;
}

std::string PrintablePieces::finish() {
  std::string out = printable(waiting_);
  waiting_.clear();
  return out;
}

}  // namespace brim::apps
