// What chat and run are both given: a model, the engine's options, how typed texts are read, how long an answer may be.
#pragma once

#include <CLI/CLI.hpp>
#include <brim/brim.hpp>
#include <cstdint>
#include <string>

#include "apps/model_options/model_options.hpp"
#include "apps/model_options/number_checks.hpp"

namespace brim::apps {

struct GenerationOptions {
  ModelOptions model;
  GivenOptions given;  ///< options of the engine
  bool escape = true;  ///< whether escapes in typed texts are replaced
  bool json = false;
};

/// -n. `limit`: an std::int64_t, or an optional one where a missing limit has a meaning of its own.
template <class Limit>
CLI::Option* add_limit_option(CLI::App& command, Limit& limit, const std::string& help) {
  return command.add_option(flags_of("limit"), limit, help)
      ->type_name(value_name_of("limit"))
      ->transform(whole_number(-1, std::int64_t{1} << 40));
}

/// The groups "Memory", "Speculation" and "Sampling".
void add_session_groups(CLI::App& command, GenerationOptions& options);

/// Writes to standard error how a session begins: that a budget is larger than it can use, and, where the command
/// speaks, what was loaded, with -v the seed too.
void say_beginning(const GenerationOptions& options, const Model& model, Session& session, std::uint64_t seed,
                   bool speaks);

}  // namespace brim::apps
