// Options and commands that users of llama.cpp and ollama know, and what they mean here.
#pragma once

#include <span>
#include <string_view>

namespace brim::apps {

struct FamiliarOption {
  enum class Kind {
    same,  ///< another spelling of a Brim option
    key_type,
    value_type,  ///< one half of --kv-type
    ignored,     ///< accepted with a notice: it changes nothing about the answer
    refused,     ///< what people expect from it does not exist here
  };
  /// What follows the option: nothing, one value, or one of on, off, auto, 0 and 1.
  enum class Takes { nothing, value, may_switch };

  std::string_view names;  ///< all spellings with their dashes: "-sys,--system-prompt"
  Kind kind = Kind::ignored;
  Takes takes = Takes::nothing;
  std::string_view text;  ///< the Brim option ("--context"), or the reason, as the second half of a sentence
  std::string_view only;  ///< the commands it belongs to: "chat run"; "": all
};

/// The entry for an option of `command` as typed ("-ngl", without a value); nullptr when no entry has it.
const FamiliarOption* find_familiar_option(std::string_view option, std::string_view command);

/// All entries, for suggestions.
std::span<const FamiliarOption> familiar_options();

/// The message for a command that other programs have ("pull", "list"), as the second half of a sentence; "": unknown.
std::string_view familiar_command(std::string_view command);

/// Whether `names` ("-a,--b") or a list separated by blanks ("chat run") contains `name`.
bool lists(std::string_view names, std::string_view name, char between);

}  // namespace brim::apps
