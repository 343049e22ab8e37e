// See typed_text.hpp.
#include "apps/command_line/typed_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/base/quote.hpp"

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

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    constexpr std::string_view kMeanings = "\n\t\r\\\"", kLetters = "ntr\\\"";
    if (const std::size_t known = kMeanings.find(text[at]); known != std::string_view::npos) {
      out += {'\\', kLetters[known]};
      ++at;
      continue;
    }
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    const std::string character(text.substr(at, length));
    if (one_line(character) == character) {
      out += character;
    } else {
      for (const char byte : character) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
    at += character.size();
  }
  return out + "\"";
}

std::optional<std::string> take_quoted(std::string_view& rest) {
  if (!rest.starts_with('"')) return std::nullopt;
  std::size_t end = 1;
  while (end < rest.size() && rest[end] != '"') end += rest[end] == '\\' ? 2 : 1;
  if (end >= rest.size()) return std::nullopt;
  const std::string_view after = rest.substr(end + 1);
  constexpr std::string_view kBlanks = " \t";
  if (!after.empty() && kBlanks.find(after.front()) == std::string_view::npos) return std::nullopt;
  std::string text = unescaped(rest.substr(1, end - 1));
  rest = after.substr(std::min(after.find_first_not_of(kBlanks), after.size()));
  return text;
}

std::string without_last_line_end(std::string text) {
  if (!text.ends_with('\n')) return text;
  text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace brim::apps
