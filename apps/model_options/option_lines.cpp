// See option_lines.hpp.
#include "apps/model_options/option_lines.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <sstream>

#include "apps/command_line/values.hpp"
#include "apps/commands.hpp"
#include "apps/model_options/kv_checks.hpp"
#include "apps/model_options/number_checks.hpp"
#include "apps/model_options/option_names.hpp"
#include "engine/base/number_text.hpp"

namespace brim::apps {
namespace {

using api::OptionLine;
using api::OptionType;

const OptionLine& line_of(std::string_view key) {
  const OptionLine* const line = api::find_option(key);
  if (line == nullptr) throw std::logic_error(fmt::format("options.def has no line for {}", key));
  return *line;
}

// Checks what can be checked without a model. Values that only the engine can parse are refused by the engine.
std::optional<CLI::Validator> check_of(const OptionLine& line) {
  if (line.key == "seed") return seed_number();
  if (line.key == "kv.type") return kv_type_check();
  if (line.key == "kv.split") return kv_split_check();
  if (line.key == "kv.keep") return kv_keep_check();
  if (line.type == OptionType::integer) return whole_number(line.minimum, static_cast<std::int64_t>(line.maximum));
  if (line.type == OptionType::number) return any_number();
  if (line.type == OptionType::choice) return one_of(CLI::detail::split(std::string(line.choices), '|'));
  return std::nullopt;
}

// Whether an option that others refine was given with another value than its default, which is "off". Compares numbers
// as numbers: "0.0" is 0.
bool is_on(std::string_view key, const GivenOptions& given) {
  if (!given.has(key)) return false;
  const std::string& value = given.value(key);
  const std::string_view off = line_of(key).default_text;
  const auto number = parse_number(value);
  return number ? number != parse_number(off) : value != off;
}

}  // namespace

bool GivenOptions::has(std::string_view key) const {
  return std::any_of(all_.begin(), all_.end(), [&](const auto& option) { return option.first == key; });
}

const std::string& GivenOptions::value(std::string_view key) const {
  static const std::string none;
  const auto found = std::find_if(all_.rbegin(), all_.rend(), [&](const auto& option) { return option.first == key; });
  return found == all_.rend() ? none : found->second;
}

GivenOptions GivenOptions::of(std::initializer_list<api::OptionScope> scopes) const {
  GivenOptions some;
  for (const auto& [key, value] : all_) {
    if (std::find(scopes.begin(), scopes.end(), line_of(key).scope) != scopes.end()) some.add(key, value);
  }
  return some;
}

std::string flags_of(std::string_view key) { return std::string(line_of(key).flags); }
std::string value_name_of(std::string_view key) { return std::string(line_of(key).value_name); }

std::string help_of(std::string_view key) { return help_of(key, line_of(key).default_text); }

std::string help_of(std::string_view key, std::string_view standard) {
  const OptionLine& line = line_of(key);
  return standard.empty() ? std::string(line.sentence) : fmt::format("{} (default: {})", line.sentence, standard);
}

namespace {

CLI::Option* add_line(CLI::App& command, const OptionLine& line, GivenOptions& given,
                      const std::optional<CLI::Validator>& check) {
  const auto keep = [&given, key = line.key](const std::vector<std::string>& values) {
    for (const std::string& value : values) given.add(key, value);
    return true;
  };
  CLI::Option* option = command.add_option(flags_of(line.key), keep, help_of(line.key));
  option->type_name(value_name_of(line.key));
  if (line.repeatable) {
    option->expected(1, 1 << 20)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  } else {
    option->expected(1);
  }
  if (check) option->transform(*check);
  return option;
}

}  // namespace

CLI::Option* add_option_line(CLI::App& command, std::string_view key, GivenOptions& given) {
  const OptionLine& line = line_of(key);
  return add_line(command, line, given, check_of(line));
}

CLI::Option* add_option_line(CLI::App& command, std::string_view key, GivenOptions& given,
                             const CLI::Validator& check) {
  return add_line(command, line_of(key), given, check);
}

void add_option_group(CLI::App& command, std::string_view group, GivenOptions& given) {
  for (const OptionLine& line : api::option_table()) {
    if (line.group == group) add_option_line(command, line.key, given)->group(std::string(group));
  }
}

void refuse_idle_options(const GivenOptions& given) {
  for (const OptionLine& line : api::option_table()) {
    if (!given.has(line.key) || line.needs.empty()) continue;
    std::istringstream keys{std::string(line.needs)};
    std::vector<std::string> needed, off;
    bool works = false;
    for (std::string key; keys >> key;) {
      works = works || is_on(key, given);
      needed.push_back(flag_of(key));
      if (given.has(key)) off.push_back(fmt::format("{} {}", flag_of(key), given.value(key)));
    }
    if (works) continue;
    const std::string without =
        off.empty() ? "without " + or_list(needed) : fmt::format("with {}", fmt::join(off, " "));
    throw Failure(2, fmt::format("{} does nothing {}", flag_of(line.key), without));
  }
}

}  // namespace brim::apps
