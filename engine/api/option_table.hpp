// The options of the library as data (options.def): what the commands register, explain and name in messages, and what
// tests iterate over. options.hpp parses their values. Everything lives as long as the program; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace brim::api {

enum class OptionScope {
  model,     ///< given when a model is loaded
  creation,  ///< given when a session is created, and fixed then
  session,   ///< given then, or changed later
};

enum class OptionType { integer, number, flag, choice, size, text, special };

struct OptionLine {
  std::string_view key{};  ///< in brim.h: "kv.budget"
  OptionScope scope = OptionScope::session;
  OptionType type = OptionType::special;
  bool repeatable = false;   ///< each value adds to those before
  std::int64_t minimum = 0;  ///< of an integer, and in bytes of a size
  std::uint64_t maximum = 0;
  double lowest = 0, highest = 0;   ///< of a number
  std::string_view choices{};       ///< "private|shared|file"
  std::string_view default_text{};  ///< as the value is written, or a phrase; "": nothing is set
  std::string_view flags{};         ///< flags of the commands, "-t,--threads"; "": none
  std::string_view value_name{};    ///< in their help: "N"
  std::string_view group{};         ///< the group of command options that registers it; "": none
  std::string_view needs{};         ///< keys, separated by blanks; one must be on, not its default, for an effect
  std::string_view sentence{};      ///< what it does
};

/// All of them, in the order of options.def.
std::span<const OptionLine> option_table();
/// nullptr for an unknown key.
const OptionLine* find_option(std::string_view key);

}  // namespace brim::api
