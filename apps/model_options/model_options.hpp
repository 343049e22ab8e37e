// The blocks of options that commands share. A block adds itself to a command line and fills its struct when that is
// parsed; empty members were not given.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/kv/policies.hpp"

namespace brim::apps {

/// -m, -t, --weights, --no-repack, -v.
struct ModelOptions {
  std::string path;
  std::optional<int> threads;
  std::string weights = "private";
  bool verbose = false;
};
void add_model_options(CLI::App& command, ModelOptions& options);

/// -c, --kv-budget, --kv-type, --kv-split, --kv-keep, --kv-profile, --kv-read, --kv-heads.
struct MemoryOptions {
  std::optional<std::int64_t> context;
  std::string budget, type, split, keep, profile, read, heads;
};
/// `policies`: what --kv-split and --kv-keep may be. Splits and rules of research/ are for eval and calibrate alone.
void add_memory_options(CLI::App& command, MemoryOptions& options,
                        const kv::Policies& policies = kv::product_policies());
/// --kv-type alone, and what it may be.
void add_kv_type_option(CLI::App& command, std::string& type, const char* group);
CLI::Validator kv_type_check();
/// What --kv-split and --kv-keep may be.
CLI::Validator kv_split_check(const kv::Policies& policies = kv::product_policies());
CLI::Validator kv_keep_check(const kv::Policies& policies = kv::product_policies());
/// For help: "window, snapkv, …".
std::string kv_keep_names(const kv::Policies& policies);

/// --chat-template NAME|FILE|@FILE; `text` is a name or the source that a file holds.
struct TemplateOptions {
  std::string given;
};
void add_template_options(CLI::App& command, TemplateOptions& options);
/// A built-in name, or the Jinja source in the file that was named; empty when nothing was given. Throws Failure (2).
std::string template_text(const TemplateOptions& options);

/// --seed and the table of sampling_settings.hpp.
struct SamplingChoices {
  std::optional<std::string> seed;  ///< as written: a whole number below 2^64, or -1 for one at random
  std::vector<std::pair<std::string, std::string>> values;  ///< engine key and value, in the order given
};
void add_sampling_options(CLI::App& command, SamplingChoices& options);
/// Throws Failure (2) for a setting that does nothing because the one it refines was not given.
void refuse_idle_settings(const SamplingChoices& options);

/// -e, --escape, --no-escape: whether \n and the like in typed texts are what they stand for. On by default.
void add_escape_option(CLI::App& command, bool& escape, const char* group);
/// `options` with the escapes in stop texts replaced where `escape` says so.
SamplingChoices typed_choices(const SamplingChoices& options, bool escape);

/// The seed that was given, or one drawn at random.
std::uint64_t chosen_seed(const SamplingChoices& options);

/// `text` itself, or for "@FILE" the content of the file as it is. `what` names the option in the sentence. Throws
/// Failure (2).
std::string text_or_file(const std::string& text, const std::string& what);
/// The same for texts that people write: a file loses one line end at its end, and escapes in what was typed are replaced
/// where `escape` says so.
std::string typed_text_or_file(const std::string& text, const std::string& what, bool escape);
/// A whole file; "-": standard input. Throws Failure (2), and Stopped when a signal ends the waiting for it.
std::string read_file(const std::string& path);

}  // namespace brim::apps
