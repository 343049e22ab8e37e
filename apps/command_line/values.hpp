// Checks of option values that are words; the checks of numbers are in apps/model_options/number_checks.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "apps/command_line/cli_types.hpp"

namespace brim::apps {

/// Accepts one of these words; the error for another word has a suggestion.
CLI::Validator one_of(std::vector<std::string> words);

/// Marks an option for which an empty value is valid: an empty prompt, no ids. All other options refuse it.
CLI::Option* allow_empty(CLI::Option* option);
bool allows_empty(CLI::Option& option);

/// How many of these options were given; an option that was given several times counts once.
int given(std::initializer_list<const CLI::Option*> options);

/// "private, shared or file".
std::string or_list(const std::vector<std::string>& words);

}  // namespace brim::apps
