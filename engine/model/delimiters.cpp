// See delimiters.hpp.
#include "engine/model/delimiters.hpp"

#include <algorithm>
#include <array>

namespace brim::model {
namespace {

using kv::Delimiter;

struct Mark {
  std::string_view text;
  Delimiter kind;
};
constexpr Mark kMarks[] = {
    {".", Delimiter::sentence},   {"!", Delimiter::sentence},  {"?", Delimiter::sentence},  {"…", Delimiter::sentence},
    {"。", Delimiter::sentence},  {"！", Delimiter::sentence}, {"？", Delimiter::sentence}, {"．", Delimiter::sentence},
    {"।", Delimiter::sentence},   {"؟", Delimiter::sentence},  {"۔", Delimiter::sentence},  {",", Delimiter::clause},
    {":", Delimiter::clause},     {"—", Delimiter::clause},    {"–", Delimiter::clause},    {"，", Delimiter::clause},
    {"、", Delimiter::clause},    {"：", Delimiter::clause},   {"،", Delimiter::clause},    {";", Delimiter::statement},
    {"；", Delimiter::statement}, {"{", Delimiter::brace},     {"}", Delimiter::brace},
};
/// What may follow a mark without taking away its meaning.
constexpr std::string_view kClosing[] = {"\"", "'", ")", "]", "*", "_", "”", "’", "»", "」", "』", "）", "】", "》"};

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f'; }

Delimiter last_mark(std::string_view text) {
  for (bool closing = true; closing && !text.empty();) {
    for (const Mark& mark : kMarks) {
      if (text.ends_with(mark.text)) return mark.kind;
    }
    closing = false;
    for (const std::string_view end : kClosing) {
      if (!text.ends_with(end)) continue;
      text.remove_suffix(end.size());
      closing = true;
      break;
    }
  }
  return Delimiter::none;
}

}  // namespace

Delimiter delimiter_of(std::string_view piece) noexcept {
  std::string_view text = piece;
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  const std::string_view space = piece.substr(text.size());
  const auto newlines = std::count(space.begin(), space.end(), '\n');
  if (newlines > 1) return Delimiter::paragraph;
  const Delimiter mark = last_mark(text);
  if (newlines == 1) return std::max(mark, Delimiter::line);
  if (mark != Delimiter::none) return mark;
  return space.empty() ? Delimiter::none : Delimiter::space;
}

std::vector<std::uint8_t> find_delimiters(const text::Tokenizer& tokenizer) {
  std::vector<std::uint8_t> classes(static_cast<std::size_t>(tokenizer.size()));
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const std::string_view piece = tokenizer.piece(id, false);
    const Delimiter kind = tokenizer.ends_generation(id) ? Delimiter::turn : delimiter_of(piece);
    classes[i] = static_cast<std::uint8_t>(kind);
    if (!piece.empty() && is_space(piece.front())) classes[i] |= kv::kBeginsWord;
  }
  return classes;
}

}  // namespace brim::model
