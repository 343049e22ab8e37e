// What main() knows of the subcommands: one function each, which adds its options to the command line and runs when
// chosen. A subcommand reports failure by throwing apps::Failure (exit code and sentence) from its callback.
#pragma once

#include <CLI/CLI.hpp>
#include <stdexcept>
#include <string>

#include "engine/base/result.hpp"

namespace brim::apps {

/// Ends the program with `code` (1: the work failed, 2: the input — file, option, arguments — is wrong) and one sentence
/// on standard error.
struct Failure : std::runtime_error {
  Failure(int exit_code, const std::string& sentence) : std::runtime_error(sentence), code(exit_code) {}
  int code;
};

/// The exit code for an engine error: 2 for invalid_argument, bad_file, unsupported and io; 1 for the rest.
int exit_code(ErrorCode code);

/// The value, or a Failure with the error's sentence.
template <class T>
T unwrap(Result<T> result) {
  if (!result) throw Failure(exit_code(result.error().code), result.error().sentence);
  return std::move(result).value();
}
inline void unwrap(Status status) {
  if (!status) throw Failure(exit_code(status.error().code), status.error().sentence);
}

#define COMMAND(function) void add_##function(CLI::App& parent);
#include "apps/commands.def"
#undef COMMAND

}  // namespace brim::apps
