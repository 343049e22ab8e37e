// What /set and /show know: the settings of a conversation, their names and their meaning. The values are stored in the
// session.
#pragma once

#include <brim/brim.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/model_options/option_lines.hpp"
#include "apps/model_options/session_settings.hpp"

namespace brim::apps {

class Settings {
 public:
  /// `given`: the options of the command line; only those that a session can change count. `limit` and `system` empty:
  /// not given.
  Settings(const GivenOptions& given, std::optional<std::int64_t> limit, const std::string& system);

  /// Changes a setting of the session; `name` is a key or a flag's name ("temp", "top-k"). `typed`: the value as /show
  /// spells it, or a text without quotes. A setting that may be given several times gets further values; "none" removes
  /// all. Throws brim::Exception with the engine's sentence, or Failure for a name that does not exist (with a
  /// suggestion) or is fixed at the start. Returns "NAME is now VALUE" or the actual result, with both spelled as in
  /// /show.
  std::string set(Session& session, std::string_view name, const std::string& typed);
  /// Applies the options given on the command line, except the seed: a session that continues from a file keeps the
  /// rest of its settings.
  void carry_over(Options& options) const;
  /// All names and values, two per line where they are short.
  std::vector<std::string> lines(const Session& session) const;
  /// One setting: its name, its value, what it means. Throws as set() for a name that does not exist.
  std::string line(const Session& session, std::string_view name) const;

 private:
  const SessionSetting& row(std::string_view name) const;
  static std::string value(const Session& session, const SessionSetting& row);

  std::vector<SessionSetting> rows_ = session_settings();
  std::map<std::string, std::vector<std::string>> given_;
};

}  // namespace brim::apps
