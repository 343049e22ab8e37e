// What main() knows of the subcommands: one function each, which adds its options to the command line and runs when the
// subcommand is chosen. A subcommand reports a failure by throwing apps::Failure (exit code and sentence) from its
// callback, and apps::Stopped when a signal stopped it.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "apps/command_line/cli_types.hpp"
#include "engine/base/result.hpp"

namespace brim::apps {

/// Ends the program with `code` (1: the work failed, 2: the input — file, option, arguments — is wrong) and one sentence
/// on standard error.
struct Failure : std::runtime_error {
  Failure(int exit_code, const std::string& sentence) : std::runtime_error(sentence), code(exit_code) {}
  int code;
};

/// What std::bad_alloc means for whoever gave a command its input.
inline constexpr std::string_view kNoMemory =
    "the machine has no memory left for this: give less text, or raise the limit on memory (ulimit -v, -d)";

/// Thrown when a signal stopped the work (apps/terminal/interrupts). The stack unwinds, so that no unfinished output
/// stays behind, and main() ends the program as the signal would have.
struct Stopped : std::exception {
  const char* what() const noexcept override { return "stopped by a signal"; }
};

/// The exit code for an engine error: 2 for invalid_argument, bad_file, unsupported and io; 1 for the rest.
inline int exit_code(ErrorCode code) {
  const bool input = code == ErrorCode::invalid_argument || code == ErrorCode::bad_file ||
                     code == ErrorCode::unsupported || code == ErrorCode::io;
  return input ? 2 : 1;
}

/// Throws the exception that an engine error means for a command: Stopped for cancelled work, else a Failure with its
/// sentence.
[[noreturn]] inline void fail(const Error& error) {
  if (error.code == ErrorCode::cancelled) throw Stopped();
  throw Failure(exit_code(error.code), error.sentence);
}

/// Returns the value, or throws as fail() does.
template <class T>
T unwrap(Result<T> result) {
  if (!result) fail(result.error());
  return std::move(result).value();
}
inline void unwrap(Status status) {
  if (!status) fail(status.error());
}

#define COMMAND(function) void add_##function(CLI::App& parent);
#include "apps/commands.def"
#undef COMMAND

}  // namespace brim::apps
