// The blocks of options that commands share. A block adds itself to a command line; options of the engine land in one GivenOptions,
// the rest in structs of their own.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

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
/// The group "Memory": -c and --kv-…. `policies`: what --kv-split and --kv-keep may be; splits and rules of research/ are for
/// eval and calibrate alone.
void add_memory_options(CLI::App& command, GivenOptions& given, const kv::Policies& policies = kv::product_policies());
/// The group "Speculation".
void add_speculation_options(CLI::App& command, GivenOptions& given);
/// The group "Sampling". A seed may be -1 here: one at random.
void add_sampling_options(CLI::App& command, GivenOptions& given);

/// --chat-template NAME|FILE|@FILE; `text` is a name or the source that a file holds.
struct TemplateOptions {
  std::string given;
};
void add_template_options(CLI::App& command, TemplateOptions& options);
/// A built-in name, or the Jinja source in the file that was named; empty when nothing was given. Throws Failure (2).
std::string template_text(const TemplateOptions& options);

/// -e, --escape, --no-escape: whether \n and the like in typed texts are what they stand for. On by default.
void add_escape_option(CLI::App& command, bool& escape, const char* group);
/// `given` with the escapes in stop texts replaced where `escape` says so.
GivenOptions with_typed_texts(const GivenOptions& given, bool escape);

/// The seed that was given, or one drawn at random.
std::uint64_t chosen_seed(const GivenOptions& given);

/// `text` itself, or for "@FILE" the content of the file as it is. `what` names the option in the sentence. Throws
/// Failure (2).
std::string text_or_file(const std::string& text, const std::string& what);
/// The same for texts that people write: a file loses one line end at its end, and escapes in what was typed are replaced
/// where `escape` says so.
std::string typed_text_or_file(const std::string& text, const std::string& what, bool escape);
/// A whole file; "-": standard input. Throws Failure (2), and Stopped when a signal ends the waiting for it.
std::string read_file(const std::string& path);

}  // namespace brim::apps
