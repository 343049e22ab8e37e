// See option_names.hpp.
#include "apps/model_options/option_names.hpp"

#include <algorithm>
#include <cctype>

#include "engine/api/option_table.hpp"

namespace brim::apps {
namespace {

constexpr std::string_view kOption = "option ";

bool is_key_letter(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_' || letter == '.';
}

/// The line of options.def whose key is a whole word at the beginning of `text`.
const api::OptionLine* key_at(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && is_key_letter(text[size])) ++size;
  const api::OptionLine* const line = api::find_option(text.substr(0, size));
  return line != nullptr && !line->flags.empty() ? line : nullptr;
}

/// The replacement for the beginning of `rest`, of which `taken` bytes are replaced; nothing where it names no option.
std::string named(std::string_view rest, bool first, std::size_t& taken) {
  if (rest.starts_with(kOption)) {
    const api::OptionLine* const line = key_at(rest.substr(kOption.size()));
    if (line == nullptr) return "";
    taken = kOption.size() + line->key.size();
    return flag_of(line->key);
  }
  const api::OptionLine* const line = key_at(rest);
  if (line == nullptr) return "";
  const std::string_view after = rest.substr(line->key.size());
  taken = line->key.size();
  // Keys like "limit" and "stop" are also ordinary words: only the sampler's sentences about its options begin with a
  // key.
  if (first && line->group == "Sampling" &&
      (after.starts_with(" is ") || after.starts_with(" of ") || after.starts_with(" names "))) {
    return flag_of(line->key);
  }
  if (line->key.find('.') == std::string_view::npos || !after.starts_with('=')) return "";
  ++taken;
  return flag_of(line->key) + " ";
}

}  // namespace

std::string flag_of(std::string_view key) {
  const api::OptionLine* const line = api::find_option(key);
  if (line == nullptr || line->flags.empty()) return std::string(key);
  const std::size_t start = std::min(line->flags.find("--"), line->flags.size());
  const std::string_view flag = line->flags.substr(start);
  return std::string(flag.substr(0, flag.find(',')));
}

std::string with_flags(std::string_view sentence) {
  std::string out;
  for (std::size_t at = 0; at < sentence.size();) {
    const char before = at == 0 ? ' ' : sentence[at - 1];
    std::size_t taken = 0;
    const std::string flag = before == ' ' || before == '(' ? named(sentence.substr(at), at == 0, taken) : "";
    if (flag.empty()) {
      out += sentence[at++];
    } else {
      out += flag;
      at += taken;
    }
  }
  return out;
}

}  // namespace brim::apps
