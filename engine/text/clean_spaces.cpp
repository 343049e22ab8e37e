// See clean_spaces.hpp. Three passes, each over the result of the one before, so that the results are llama.cpp's.
#include "engine/text/clean_spaces.hpp"

namespace brim::text {
namespace {

bool is_sentence_mark(char c) { return c == '?' || c == '!' || c == '.' || c == ','; }

std::string clean_before_marks(std::string_view text) {
  std::string out(text.substr(0, 1));
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i - 1] == ' ' && is_sentence_mark(text[i])) out.pop_back();
    out += text[i];
  }
  return out;
}

std::string clean_lone_apostrophes(std::string_view text) {
  std::string out(text.substr(0, 1));
  bool space_before = !text.empty() && text[0] == ' ';
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool lone = text[i] == '\'' && space_before && i + 1 < text.size() && text[i + 1] == ' ';
    if (lone) out.pop_back();
    out += text[i];
    space_before = text[i] == ' ';
    if (lone) ++i;  // the space behind goes too, and does not count as one before the next character
  }
  return out;
}

std::string clean_contractions(std::string_view text) {
  std::string out(text.substr(0, 1));
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i - 1] == ' ' && text[i] == '\'') {
      const std::string_view rest = text.substr(i + 1);
      if (rest.starts_with('s') || rest.starts_with('m') || rest.starts_with("re") || rest.starts_with("ve"))
        out.pop_back();
    }
    out += text[i];
  }
  return out;
}

}  // namespace

std::string clean_spaces(std::string_view text) {
  return clean_contractions(clean_lone_apostrophes(clean_before_marks(text)));
}

}  // namespace brim::text
