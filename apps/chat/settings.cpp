// See settings.hpp.
#include "apps/chat/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "apps/command_line/suggestion.hpp"
#include "apps/commands.hpp"
#include "apps/model_options/sampling_settings.hpp"

namespace brim::apps {
namespace {

constexpr std::string_view kNone = "none";  // as a value: nothing is set

// Names are compared without regard to case, and '-' is '_': "Top-K" is top_k.
std::string normalised(std::string_view name) {
  std::string out(name);
  for (char& letter : out) letter = letter == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return out;
}

// On one line, in quotes: a stop string may hold newlines and spaces.
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

Settings::Settings(const SamplingChoices& sampling, std::optional<std::int64_t> limit, const std::string& system) {
  rows_.push_back({"system", "", "The system message, from the next message on; none: no system message", Row::Kind::text});
  rows_.push_back({"limit", "-1", "Most tokens an answer may have; -1: no limit"});
  rows_.push_back({"seed", "", "The same seed gives the same text"});
  for (const SamplingSetting& setting : sampling_settings()) {
    const Row::Kind kind = setting.repeatable ? Row::Kind::repeatable : Row::Kind::number;
    rows_.push_back({setting.key, setting.standard, setting.help, kind});
  }
  if (!system.empty()) given_["system"] = {system};
  if (limit) given_["limit"] = {fmt::format("{}", *limit)};
  for (const auto& [key, value] : sampling.values) {
    if (row(key).kind != Row::Kind::repeatable) given_[key].clear();
    given_[key].push_back(value);
  }
}

void Settings::carry_over(Options& options) const {
  for (const auto& [key, values] : given_) {
    if (key == "seed") continue;
    for (const std::string& value : values) options.set(key, value);
  }
}

const Settings::Row& Settings::row(std::string_view name) const {
  std::string key = normalised(name);
  std::string flag = key;
  std::replace(flag.begin(), flag.end(), '_', '-');
  if (const SamplingSetting* setting = find_sampling_setting(flag)) key = setting->key;
  if (key == "predict" || key == "n" || key == "n_predict") key = "limit";
  std::vector<std::string> known;
  for (const Row& row : rows_) {
    if (row.key == key) return row;
    known.push_back(row.key);
  }
  throw Failure(2, fmt::format("There is no setting '{}'.{} /show lists them.", name, did_you_mean(name, known)));
}

std::string Settings::set(Session& session, std::string_view name, const std::string& value) {
  const Row& changed = row(name);
  if (changed.kind == Row::Kind::repeatable && value == kNone) {
    session.unset(changed.key);
    given_.erase(changed.key);
    return fmt::format("{} is now none", changed.key);
  }
  const std::string text = changed.kind == Row::Kind::text && value == kNone ? std::string() : value;
  session.set(changed.key, text);
  if (changed.kind != Row::Kind::repeatable) given_[changed.key].clear();
  given_[changed.key].push_back(text);
  const std::string shown = fmt::format("{} is now {}", changed.key, this->value(session, changed));
  if (changed.kind != Row::Kind::repeatable || session.option(changed.key).size() == 1) return shown;
  return fmt::format("{} (added; /set {} none removes all)", shown, changed.key);
}

std::string Settings::value(const Session& session, const Row& row) {
  std::string all;
  for (const std::string& one : session.option(row.key)) {
    if (row.kind == Row::Kind::text && one.empty()) continue;
    all += (all.empty() ? "" : " ") + (row.kind == Row::Kind::number || row.key == "logit_bias" ? one : in_quotes(one));
  }
  if (!all.empty()) return all;
  return row.standard.empty() ? std::string(kNone) : row.standard;
}

std::vector<std::string> Settings::lines(const Session& session) const {
  std::vector<std::string> lines;
  for (const Row& row : rows_) {
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
  const Row& shown = row(name);
  return fmt::format("{} {}: {}", shown.key, value(session, shown), shown.help);
}

}  // namespace brim::apps
