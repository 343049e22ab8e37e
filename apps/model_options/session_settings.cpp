// See session_settings.hpp.
#include "apps/model_options/session_settings.hpp"

#include <CLI/CLI.hpp>

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

}  // namespace brim::apps
