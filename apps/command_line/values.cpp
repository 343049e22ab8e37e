// See values.hpp.
#include "apps/command_line/values.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <utility>

#include "apps/command_line/suggestion.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps {
namespace {

constexpr const char* kEmptyMark = "may be empty";

}  // namespace

CLI::Validator one_of(std::vector<std::string> words) {
  const auto check = [words = std::move(words)](std::string& text) {
    if (std::find(words.begin(), words.end(), text) != words.end()) return std::string();
    const std::string suggestion = did_you_mean(text, words);
    return fmt::format("expected {}, found {}{}", or_list(words), quoted(text),
                       suggestion.empty() ? "" : "." + suggestion);
  };
  return CLI::Validator(check, "");
}

CLI::Option* allow_empty(CLI::Option* option) {
  return option->check(CLI::Validator([](std::string&) { return std::string(); }, "", kEmptyMark));
}

bool allows_empty(CLI::Option& option) {
  try {
    return option.get_validator(kEmptyMark) != nullptr;
  } catch (const CLI::OptionNotFound&) {
    return false;
  }
}

int given(std::initializer_list<const CLI::Option*> options) {
  return static_cast<int>(
      std::count_if(options.begin(), options.end(), [](const CLI::Option* option) { return option->count() > 0; }));
}

std::string or_list(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace brim::apps
