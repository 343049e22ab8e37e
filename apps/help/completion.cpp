// See completion.hpp.
#include "apps/help/completion.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <vector>

namespace brim::apps {
namespace {

/// "-c|--context|…": the options for whose values `wanted` is true, as a pattern of `case`; "" when there are none.
template <class Wanted>
std::string pattern_of(const CLI::App& command, Wanted wanted) {
  std::string pattern;
  const auto add = [&](const std::string& name) { pattern += (pattern.empty() ? "" : "|") + name; };
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_items_expected_max() == 0 || !wanted(*option)) continue;
    for (const std::string& name : option->get_snames()) add("-" + name);
    for (const std::string& name : option->get_lnames()) add("--" + name);
  }
  return pattern;
}

bool takes_file(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type.find("FILE") != std::string::npos || type.find("DIR") != std::string::npos;
}

std::string words_of(const CLI::App& command) {
  std::string words;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) words += (words.empty() ? "--" : " --") + name;
  }
  return words;
}

std::string command_case(const CLI::App& command) {
  std::string out =
      fmt::format("    {})\n      options='{}'\n      case $previous in\n", command.get_name(), words_of(command));
  const auto add = [&](const std::string& pattern, const char* action) {
    if (!pattern.empty()) out += fmt::format("        {}) {} ;;\n", pattern, action);
  };
  const auto is_model = [](const CLI::Option& option) { return option.check_lname("model"); };
  add(pattern_of(command, is_model), "_brim_models; return");
  add(pattern_of(command, [&](const CLI::Option& option) { return takes_file(option) && !is_model(option); }),
      "COMPREPLY=($(compgen -f -- \"$current\")); return");
  add(pattern_of(command, [](const CLI::Option& option) { return !takes_file(option); }), "return");
  return out + "      esac\n      ;;\n";
}

constexpr const char* kBegin = R"(# Completion of brim for bash. Made by `brim help --bash-completion`.
_brim_models() {
  COMPREPLY=($(compgen -f -X '!*.gguf' -- "$current") $(compgen -d -- "$current"))
}
_brim() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} options=
  local IFS=$'\n'
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    IFS=' '
    COMPREPLY=($(compgen -W '@COMMANDS@ --help --version' -- "$current"))
    return
  fi
  case ${COMP_WORDS[1]} in
)";

constexpr const char* kEnd = R"(    *) return ;;
  esac
  if [[ $current == -* ]]; then
    IFS=' '
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [ "${COMP_WORDS[1]}" = help ]; then
    IFS=' '
    COMPREPLY=($(compgen -W '@COMMANDS@' -- "$current"))
  else
    _brim_models
  fi
}
complete -o filenames -F _brim brim
)";

}  // namespace

std::string bash_completion(CLI::App& app) {
  std::string names, out = kBegin;
  for (const CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    names += (names.empty() ? "" : " ") + command->get_name();
    out += command_case(*command);
  }
  return CLI::detail::find_and_replace(out + kEnd, "@COMMANDS@", names);
}

}  // namespace brim::apps
