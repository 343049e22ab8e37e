// See typed_text.hpp.
#include "apps/command_line/typed_text.hpp"

#include <charconv>

namespace brim::apps {

std::string unescaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (text[at] != '\\' || at + 1 == text.size()) {
      out += text[at];
      continue;
    }
    constexpr std::string_view kLetters = "ntr\\\"'", kMeanings = "\n\t\r\\\"'";
    if (const std::size_t known = kLetters.find(next); known != std::string_view::npos) {
      out += kMeanings[known];
      ++at;
      continue;
    }
    unsigned byte = 0;
    const std::string_view digits = text.substr(at + 1).size() >= 3 && next == 'x' ? text.substr(at + 2, 2) : "";
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() == 2 && failure == std::errc() && end == digits.data() + 2) {
      out += static_cast<char>(byte);
      at += 3;
      continue;
    }
    out += text[at];
  }
  return out;
}

std::string typed_text(const std::string& text, bool escape) { return escape ? unescaped(text) : text; }

std::string without_last_line_end(std::string text) {
  if (!text.ends_with('\n')) return text;
  text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace brim::apps
