// Checks of option values that are words; numbers are in apps/model_options/number_checks.
#pragma once

#include <CLI/CLI.hpp>
#include <initializer_list>
#include <string>
#include <vector>

namespace brim::apps {

/// One of these words; another gets a suggestion.
CLI::Validator one_of(std::vector<std::string> words);

/// Marks an option whose empty value means something: an empty prompt, no ids. All others refuse it.
CLI::Option* allow_empty(CLI::Option* option);
bool allows_empty(CLI::Option& option);

/// How many of these options were given, however often each.
int given(std::initializer_list<const CLI::Option*> options);

/// "private, shared or file".
std::string or_list(const std::vector<std::string>& words);

}  // namespace brim::apps
