// See settings.hpp.
#include "apps/chat/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "apps/command_line/suggestion.hpp"
#include "apps/commands.hpp"

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

// On one line, in quotes, because a stop string may contain newlines and spaces.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char letter : text) {
    if (letter == '\n' || letter == '\t' || letter == '\r') {
      out += letter == '\n' ? "\\n" : letter == '\t' ? "\\t" : "\\r";
    } else {
      out += letter;
    }
  }
  return out + "\"";
}

}  // namespace

Settings::Settings(const GivenOptions& given, std::optional<std::int64_t> limit, const std::string& system) {
  if (!system.empty()) given_["system"] = {system};
  if (limit) given_["limit"] = {fmt::format("{}", *limit)};
  for (const auto& [key, value] : given.all()) {
    const auto row =
        std::find_if(rows_.begin(), rows_.end(), [&](const SessionSetting& one) { return one.key == key; });
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
  std::replace(flag.begin(), flag.end(), '_', '-');
  std::vector<std::string> known;
  for (const SessionSetting& row : rows_) {
    if (row.key == key || std::find(row.names.begin(), row.names.end(), flag) != row.names.end()) return row;
    known.push_back(row.key);
  }
  throw Failure(2, fmt::format("There is no setting '{}'.{} /show lists them.", name, did_you_mean(name, known)));
}

std::string Settings::set(Session& session, std::string_view name, const std::string& value) {
  const SessionSetting& changed = row(name);
  if (changed.repeatable && value == kNone) {
    session.unset(changed.key);
    given_.erase(changed.key);
    return fmt::format("{} is now none", changed.key);
  }
  const std::string text = changed.text && value == kNone ? std::string() : value;
  session.set(changed.key, text);
  if (!changed.repeatable) given_[changed.key].clear();
  given_[changed.key].push_back(text);
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
