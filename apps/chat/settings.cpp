// See settings.hpp.
#include "apps/chat/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <random>
#include <sstream>

#include "apps/command_line/suggestion.hpp"
#include "apps/command_line/typed_text.hpp"
#include "apps/commands.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps {
namespace {

constexpr std::string_view kNone = "none";  // as a value: nothing is set

// Names are compared without regard to case, and '-' equals '_': "Top-K" is top_k.
std::string normalised(std::string_view name) {
  std::string out(name);
  for (char& letter : out)
    letter = letter == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return out;
}

// What was typed after the name of a setting, as its values: texts in quotes, a text without quotes as it is, and of
// settings that may be given several times whose values are not texts, one value for each word.
std::vector<std::string> typed_values(const SessionSetting& row, std::string_view typed) {
  std::vector<std::string> values;
  if (typed.starts_with('"')) {
    while (!typed.empty()) {
      std::optional<std::string> value = take_quoted(typed);
      if (!value || (!row.repeatable && !typed.empty())) {
        throw Failure(2,
                      fmt::format("{} is not a text in quotes: /set {} \"a \\\"word\\\"\", or without quotes as it is",
                                  quoted(typed), row.key));
      }
      values.push_back(std::move(*value));
    }
  } else if (row.repeatable && !row.text) {
    std::istringstream words{std::string(typed)};
    for (std::string word; words >> word;) values.push_back(word);
  } else {
    values.emplace_back(typed);
  }
  return values;
}

}  // namespace

Settings::Settings(const GivenOptions& given, std::optional<std::int64_t> limit, const std::string& system) {
  if (!system.empty()) given_["system"] = {system};
  if (limit) given_["limit"] = {fmt::format("{}", *limit)};
  for (const auto& [key, value] : given.all()) {
    const auto row = std::ranges::find(rows_, key, &SessionSetting::key);
    if (row == rows_.end()) continue;  // fixed when the session is created
    if (!row->repeatable) given_[key].clear();
    given_[key].push_back(value);
  }
}

void Settings::carry_over(Options& options) const {
  for (const auto& [key, values] : given_) {
    if (key == "seed") continue;
    for (const std::string& value : values) options.set(key, value);
  }
}

const SessionSetting& Settings::row(std::string_view name) const {
  std::string key = normalised(name);
  if (key == "n" || key == "n_predict") key = "limit";
  std::string flag = key;
  std::replace_if(
      flag.begin(), flag.end(), [](char letter) { return letter == '.' || letter == '_'; }, '-');
  std::vector<std::string> known;
  for (const SessionSetting& row : rows_) {
    if (row.key == key || std::find(row.names.begin(), row.names.end(), flag) != row.names.end()) return row;
    known.push_back(row.key);
  }
  if (const std::string flag_of_another = fixed_flag(flag); !flag_of_another.empty()) {
    throw Failure(2, fmt::format("{} is fixed at the start: leave, and give {} to brim chat.", name, flag_of_another));
  }
  throw Failure(2, fmt::format("There is no setting '{}'.{} /show lists them.", name, did_you_mean(name, known)));
}

std::string Settings::set(Session& session, std::string_view name, const std::string& typed) {
  const SessionSetting& changed = row(name);
  const bool none = typed == kNone;
  if (changed.repeatable && none) {
    session.unset(changed.key);
    given_.erase(changed.key);
    return fmt::format("{} is now none", changed.key);
  }
  std::vector<std::string> values = typed_values(changed, typed);
  if (changed.text && none) values = {""};
  if (changed.key == "limit" && none) values = {"-1"};
  // As on the command line: chosen at random.
  if (changed.key == "seed" && (none || typed == "-1")) values = {fmt::format("{}", std::random_device{}())};
  for (const std::string& value : values) {
    session.set(changed.key, value);
    if (!changed.repeatable) given_[changed.key].clear();
    given_[changed.key].push_back(value);
  }
  const std::string shown = fmt::format("{} is now {}", changed.key, this->value(session, changed));
  if (!changed.repeatable || session.option(changed.key).size() == 1) return shown;
  return fmt::format("{} (added; /set {} none removes all)", shown, changed.key);
}

std::string Settings::value(const Session& session, const SessionSetting& row) {
  std::string all;
  for (const std::string& one : session.option(row.key)) {
    if (row.text && one.empty()) continue;
    all += (all.empty() ? "" : " ") + (row.text ? in_quotes(one) : one);
  }
  if (!all.empty()) return all;
  return row.standard.empty() ? std::string(kNone) : row.standard;
}

std::vector<std::string> Settings::lines(const Session& session) const {
  std::vector<std::string> lines;
  for (const SessionSetting& row : rows_) {
    const std::string text = fmt::format("{:<19} {}", row.key, value(session, row));
    const bool fits = !lines.empty() && lines.back().size() < 40 && text.size() < 40;
    if (fits) {
      lines.back() = fmt::format("{:<40}{}", lines.back(), text);
    } else {
      lines.push_back(text);
    }
  }
  return lines;
}

std::string Settings::line(const Session& session, std::string_view name) const {
  const SessionSetting& shown = row(name);
  return fmt::format("{} {}: {}{}", shown.key, value(session, shown), shown.help,
                     shown.text && !shown.repeatable ? "; none removes it" : "");
}

}  // namespace brim::apps
