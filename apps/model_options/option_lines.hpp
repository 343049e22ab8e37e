// The engine's options on the command line: flags, values and help come from engine/api/options.def, and the given
// values are stored under the engine's keys. A new line there becomes an option here without a change in this folder.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/command_line/cli_types.hpp"
#include "engine/api/option_table.hpp"

namespace brim::apps {

/// The given options of the engine: keys and values, in the order given.
class GivenOptions {
 public:
  void add(std::string_view key, std::string value) { all_.emplace_back(key, std::move(value)); }
  bool has(std::string_view key) const;
  /// The last value of the key; "" if it was not given.
  const std::string& value(std::string_view key) const;
  /// Those with one of these scopes, in the order given.
  GivenOptions of(std::initializer_list<api::OptionScope> scopes) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return all_; }
  std::vector<std::pair<std::string, std::string>>& all() { return all_; }

 private:
  std::vector<std::pair<std::string, std::string>> all_;
};

/// The option's flags for CLI11 ("-t,--threads"), the name of its value, and its help with the default, or with a
/// command's own default.
std::string flags_of(std::string_view key);
std::string value_name_of(std::string_view key);
std::string help_of(std::string_view key);
std::string help_of(std::string_view key, std::string_view standard);

/// Adds one option; its values are stored in `given`. `check` replaces the check of its type.
CLI::Option* add_option_line(CLI::App& command, std::string_view key, GivenOptions& given);
CLI::Option* add_option_line(CLI::App& command, std::string_view key, GivenOptions& given, const CLI::Validator& check);
/// Adds all options of a group of options.def, under that name in the help.
void add_option_group(CLI::App& command, std::string_view group, GivenOptions& given);

/// Throws Failure (2) for an option that has no effect because none of the options that it refines was given with a value
/// that turns it on.
void refuse_idle_options(const GivenOptions& given);

}  // namespace brim::apps
