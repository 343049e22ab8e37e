// See session_settings.hpp.
#include "apps/model_options/session_settings.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "apps/model_options/option_names.hpp"
#include "engine/api/option_table.hpp"

namespace brim::apps {

std::vector<SessionSetting> session_settings() {
  std::vector<SessionSetting> settings;
  for (const api::OptionLine& line : api::option_table()) {
    if (line.scope != api::OptionScope::session) continue;
    SessionSetting setting{
        std::string(line.key), "", std::string(line.sentence), {}, line.repeatable, line.type == api::OptionType::text};
    if (line.default_text.find(' ') == std::string_view::npos)
      setting.standard = line.default_text;  // a phrase is not a value
    for (const std::string& flag : CLI::detail::split(std::string(line.flags), ',')) {
      if (flag.starts_with("--")) setting.names.push_back(flag.substr(2));
    }
    settings.push_back(std::move(setting));
  }
  return settings;
}

std::string fixed_flag(std::string_view name) {
  for (const api::OptionLine& line : api::option_table()) {
    if (line.scope == api::OptionScope::session || line.flags.empty()) continue;
    std::string key(line.key);
    std::replace_if(
        key.begin(), key.end(), [](char letter) { return letter == '.' || letter == '_'; }, '-');
    const std::vector<std::string> flags = CLI::detail::split(std::string(line.flags), ',');
    const bool named = std::any_of(flags.begin(), flags.end(),
                                   [&](const std::string& flag) { return flag == "--" + std::string(name); });
    if (named || key == name) return flag_of(line.key) + " " + std::string(line.value_name);
  }
  return "";
}

}  // namespace brim::apps
