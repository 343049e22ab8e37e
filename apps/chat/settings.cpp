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

void Settings::set(Session& session, std::string_view name, const std::string& value) {
  std::string key(name);
  if (const SamplingSetting* setting = find_sampling_setting(name)) key = setting->key;
  if (key == "predict" || key == "n") key = "limit";
  std::vector<std::string> known;
  for (const Row& row : rows_) {
    known.push_back(row.key);
    if (row.key != key) continue;
    session.set(key, value);
    if (!row.repeatable) values_[key].clear();
    values_[key].push_back(value);
    return;
  }
  throw Failure(2, fmt::format("There is no setting '{}'.{} /show lists them.", printable(name), did_you_mean(name, known)));
}

std::vector<std::string> Settings::lines() const {
  std::vector<std::string> lines;
  for (const Row& row : rows_) {
    std::string value;
    const auto found = values_.find(row.key);
    if (found == values_.end()) {
      value = row.standard.empty() ? "-" : row.standard;
    } else {
      for (const std::string& one : found->second) value += (value.empty() ? "" : " | ") + printable(one);
      for (char& letter : value) letter = letter == '\n' ? ' ' : letter;
    }
    lines.push_back(fmt::format("{:<19}{:<9} {}", row.key, value, row.help));
  }
  return lines;
}

}  // namespace brim::apps
