// See settings.hpp.
#include "apps/chat/settings.hpp"

#include <fmt/format.h>

#include "apps/chat/suggestion.hpp"
#include "apps/commands.hpp"
#include "apps/model_options/sampling_settings.hpp"
#include "apps/terminal/output.hpp"

namespace brim::apps {

Settings::Settings(const SamplingChoices& sampling, std::uint64_t seed, std::int64_t limit, const std::string& system) {
  rows_.push_back({"system", "", "The system message, from the next message on"});
  rows_.push_back({"limit", "-1", "Most tokens an answer may have; -1: no limit"});
  rows_.push_back({"seed", "", "The same seed gives the same text"});
  for (const SamplingSetting& setting : sampling_settings()) {
    rows_.push_back({setting.key, setting.standard, setting.help, setting.repeatable});
  }
  if (!system.empty()) values_["system"] = {system};
  values_["limit"] = {fmt::format("{}", limit)};
  values_["seed"] = {fmt::format("{}", seed)};
  for (const auto& [key, value] : sampling.values) {
    const SamplingSetting* setting = find_sampling_setting(key);
    if (setting == nullptr || !setting->repeatable) values_[key].clear();
    values_[key].push_back(value);
  }
}

void Settings::carry_over(Options& options) const {
  for (const Row& row : rows_) {
    if (row.key == "seed") continue;
    const auto found = values_.find(row.key);
    if (found != values_.end()) {
      for (const std::string& value : found->second) options.set(row.key, value);
    } else if (!row.standard.empty()) {
      options.set(row.key, row.standard);
    }
  }
}

const Settings::Row& Settings::row(std::string_view name) const {
  std::string key(name);
  if (const SamplingSetting* setting = find_sampling_setting(name)) key = setting->key;
  if (key == "predict" || key == "n") key = "limit";
  std::vector<std::string> known;
  for (const Row& row : rows_) {
    if (row.key == key) return row;
    known.push_back(row.key);
  }
  throw Failure(2, fmt::format("There is no setting '{}'.{} /show lists them.", printable(name),
                               did_you_mean(name, known)));
}

std::string Settings::set(Session& session, std::string_view name, const std::string& value) {
  const Row& changed = row(name);
  session.set(changed.key, value);
  if (!changed.repeatable) values_[changed.key].clear();
  values_[changed.key].push_back(value);
  return changed.key;
}

std::string Settings::value(const Row& row) const {
  const auto found = values_.find(row.key);
  if (found == values_.end()) return row.standard.empty() ? "-" : row.standard;
  std::string all;
  for (const std::string& one : found->second) all += (all.empty() ? "" : " | ") + printable(one);
  for (char& letter : all) letter = letter == '\n' ? ' ' : letter;
  return all;
}

std::vector<std::string> Settings::lines() const {
  std::vector<std::string> lines;
  for (const Row& row : rows_) {
    const std::string text = fmt::format("{:<19} {}", row.key, value(row));
    const bool fits = !lines.empty() && lines.back().size() < 40 && text.size() < 40;
    if (fits) {
      lines.back() = fmt::format("{:<40}{}", lines.back(), text);
    } else {
      lines.push_back(text);
    }
  }
  return lines;
}

std::string Settings::line(std::string_view name) const {
  const Row& shown = row(name);
  return fmt::format("{} {}: {}", shown.key, value(shown), shown.help);
}

}  // namespace brim::apps
