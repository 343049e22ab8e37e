// The groups of options that commands share. A group adds itself to a command line; options of the engine are stored in
// one GivenOptions, the rest in their own structs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "apps/command_line/cli_types.hpp"
#include "apps/model_options/option_lines.hpp"

#include "engine/kv/policies.hpp"

namespace brim::apps {

/// -m, -v.
struct ModelOptions {
  std::string path;
  bool verbose = false;
};
/// These, the group "Model" of the engine's options, and --no-repack.
void add_model_options(CLI::App& command, ModelOptions& options, GivenOptions& given);
/// The same without -m, for a command that takes several models.
void add_loading_options(CLI::App& command, ModelOptions& options, GivenOptions& given);
/// --kv-split or --kv-keep alone, with the names that `policies` has in its help.
CLI::Option* add_policy_option(CLI::App& command, std::string_view key, GivenOptions& given,
                               const kv::Policies& policies);
/// The group "Memory": -c and --kv-…. `policies`: the valid values of --kv-split and --kv-keep; the splits and rules of
/// research/ are for eval and calibrate only.
void add_memory_options(CLI::App& command, GivenOptions& given, const kv::Policies& policies = kv::product_policies());
/// The group "Speculation".
void add_speculation_options(CLI::App& command, GivenOptions& given);
/// The group "Sampling". A seed may be -1 here: a seed chosen at random.
void add_sampling_options(CLI::App& command, GivenOptions& given);

/// --chat-template NAME|FILE|@FILE; `text` is a name, or the source from a file.
struct TemplateOptions {
  std::string given;
};
void add_template_options(CLI::App& command, TemplateOptions& options);
/// A built-in name, or the Jinja source in the named file; empty when nothing was given. Throws Failure (2).
std::string template_text(const TemplateOptions& options);

/// -e, --escape, --no-escape: whether \n and similar escapes in typed texts are replaced. On by default.
void add_escape_option(CLI::App& command, bool& escape, const char* group);
/// `given`, with the escapes in stop texts replaced if `escape` is set.
GivenOptions with_typed_texts(const GivenOptions& given, bool escape);

/// The seed that was given, or one chosen at random.
std::uint64_t chosen_seed(const GivenOptions& given);

/// `text` itself, or for "@FILE" the unchanged content of the file, which is a text (files/text_file.hpp). `what` names the option in the sentence. Throws
/// Failure (2).
std::string text_or_file(const std::string& text, const std::string& what);
/// The same for texts that people write: one line end at the end of a file is removed, and escapes in typed text are
/// replaced if `escape` is set.
std::string typed_text_or_file(const std::string& text, const std::string& what, bool escape);
/// Reads a whole file; "-": standard input. Throws Failure (2), and Stopped when a signal ends the wait for input.
std::string read_file(const std::string& path);

}  // namespace brim::apps
