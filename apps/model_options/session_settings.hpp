// The options that an existing session can change, as /set and /show list them. From engine/api/options.def.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace brim::apps {

struct SessionSetting {
  std::string key;       ///< the key in brim.h: "temperature"
  std::string standard;  ///< the engine's default as it is written; "" if there is none
  std::string help;
  std::vector<std::string> names;  ///< its long flags without the dashes: "temp", "temperature"
  bool repeatable = false;
  bool text = false;  ///< any text instead of a number
};

/// In the order of options.def.
std::vector<SessionSetting> session_settings();

/// The flag with its value ("--kv-budget SIZE") of an option that no existing session can change; "" for any other name.
/// `name`: a long flag without dashes, or the key with '-' between its words ("kv-budget").
std::string fixed_flag(std::string_view name);

}  // namespace brim::apps
