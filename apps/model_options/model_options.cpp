// See model_options.hpp.
#include "apps/model_options/model_options.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>

#include "apps/command_line/typed_text.hpp"
#include "apps/command_line/values.hpp"
#include "apps/commands.hpp"
#include "apps/files/text_file.hpp"
#include "apps/model_options/kv_checks.hpp"
#include "apps/terminal/interrupts.hpp"
#include "engine/api/option_table.hpp"
#include "engine/base/number_text.hpp"

namespace brim::apps {

void add_model_options(CLI::App& command, ModelOptions& options, GivenOptions& given) {
  command.add_option("-m,--model", options.path, "The model: a GGUF file (of a split one, the first)")
      ->type_name("FILE")
      ->required()
      ->group("Model");
  add_loading_options(command, options, given);
}

void add_loading_options(CLI::App& command, ModelOptions& options, GivenOptions& given) {
  constexpr const char* kGroup = "Model";
  add_option_line(command, "threads", given)->group(kGroup);
  // The third value of the option has its own flag.
  CLI::Option* const weights = add_option_line(command, "weights", given, one_of({"private", "shared"}));
  weights->group(kGroup);
  command
      .add_flag_callback(
          "--no-repack", [&given] { given.add("weights", "file"); },
          "Read the weights in place in the model's file: no copy, but slower")
      ->excludes(weights)
      ->group(kGroup);
  command.add_flag("-v,--verbose", options.verbose, "Say more about the work on standard error")->group(kGroup);
}

CLI::Option* add_policy_option(CLI::App& command, std::string_view key, GivenOptions& given,
                               const kv::Policies& policies) {
  const bool split = key == "kv.split";
  CLI::Option* const option =
      add_option_line(command, key, given, split ? kv_split_check(policies) : kv_keep_check(policies));
  const auto names = split ? policies.split_names() : policies.rule_names();
  return option->description(fmt::format("{}. One of {}", option->get_description(), fmt::join(names, ", ")));
}

void add_memory_options(CLI::App& command, GivenOptions& given, const kv::Policies& policies) {
  constexpr const char* kGroup = "Memory";
  for (const api::OptionLine& line : api::option_table()) {
    if (line.group != kGroup) continue;
    if (line.key == "kv.split" || line.key == "kv.keep") {
      add_policy_option(command, line.key, given, policies)->group(kGroup);
    } else {
      add_option_line(command, line.key, given)->group(kGroup);
    }
  }
}
void add_speculation_options(CLI::App& command, GivenOptions& given) {
  add_option_group(command, "Speculation", given);
}
void add_sampling_options(CLI::App& command, GivenOptions& given) { add_option_group(command, "Sampling", given); }

void add_template_options(CLI::App& command, TemplateOptions& options) {
  command.add_option(flags_of("chat.template"), options.given, help_of("chat.template"))
      ->type_name(value_name_of("chat.template"))
      ->group("Model");
}

std::string template_text(const TemplateOptions& options) {
  const std::string& given = options.given;
  if (given.empty() || given[0] == '@') return text_or_file(given, "--chat-template");
  const bool names_file = given.find('/') != std::string::npos || given.find('.') != std::string::npos;
  if (names_file && given.find('{') == std::string::npos) return read_text(given);
  std::error_code ignored;
  if (std::filesystem::is_regular_file(given, ignored)) return read_text(given);
  return given;
}

void add_escape_option(CLI::App& command, bool& escape, const char* group) {
  command
      .add_flag("-e,--escape,!--no-escape", escape,
                "Read \\n, \\t, \\\\, \\\" and \\x41 in typed texts as what they stand for (default), or as they are")
      ->group(group);
}

GivenOptions with_typed_texts(const GivenOptions& given, bool escape) {
  GivenOptions typed = given;
  if (!escape) return typed;
  for (auto& [key, value] : typed.all()) {
    if (key == "stop") value = unescaped(value);
  }
  return typed;
}

std::uint64_t chosen_seed(const GivenOptions& given) {
  const auto seed = parse_integer<std::uint64_t>(given.value("seed"));
  return seed ? *seed : std::random_device{}();
}

std::string read_file(const std::string& path) {
  const bool standard_input = path == "-";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      standard_input ? stdin : std::fopen(path.c_str(), "rb"),
      standard_input ? [](std::FILE*) { return 0; } : [](std::FILE* opened) { return std::fclose(opened); });
  const std::string name = standard_input ? "standard input" : path;
  if (!file) throw Failure(2, fmt::format("{} cannot be opened: {}", name, std::strerror(errno)));
  std::string content;
  char part[1 << 16];
  while (true) {
    const std::size_t size = std::fread(part, 1, sizeof part, file.get());
    content.append(part, size);
    constexpr std::size_t kMax = std::size_t{1} << 30;
    if (content.size() > kMax) throw Failure(2, fmt::format("{} is larger than the 1 GiB that can be read", name));
    if (std::feof(file.get()) != 0) return content;
    if (std::ferror(file.get()) == 0) continue;
    if (errno != EINTR) throw Failure(2, fmt::format("{} cannot be read: {}", name, std::strerror(errno)));
    if (interrupted()) throw Stopped();
    std::clearerr(file.get());
  }
}

std::string typed_text_or_file(const std::string& text, const std::string& what, bool escape) {
  if (text.starts_with('@')) return without_last_line_end(text_or_file(text, what));
  return typed_text(text, escape);
}

std::string text_or_file(const std::string& text, const std::string& what) {
  if (text.empty() || text[0] != '@') return text;
  if (text.size() == 1) throw Failure(2, fmt::format("{} names no file after '@'", what));
  return read_text(text.substr(1));
}

}  // namespace brim::apps
