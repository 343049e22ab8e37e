// See model_options.hpp.
#include "apps/model_options/model_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <sstream>

#include "apps/command_line/suggestion.hpp"
#include "apps/command_line/typed_text.hpp"
#include "apps/command_line/values.hpp"
#include "apps/commands.hpp"
#include "apps/model_options/number_checks.hpp"
#include "apps/model_options/sampling_settings.hpp"
#include "apps/terminal/interrupts.hpp"
#include "engine/base/number_text.hpp"
#include "engine/base/quote.hpp"
#include "engine/kv/budget.hpp"
#include "engine/kv/plan.hpp"
#include "engine/kv/scorer.hpp"
#include "kernels/kv_type.hpp"

namespace brim::apps {
namespace {

std::string first_flag(const SamplingSetting& setting) {
  const std::string_view flags = setting.flags;
  return std::string(flags.substr(0, flags.find(',')));
}

}  // namespace

void add_model_options(CLI::App& command, ModelOptions& options) {
  command.add_option("-m,--model", options.path, "The model: a GGUF file (of a split one, the first)")
      ->type_name("FILE")
      ->required()
      ->group("Model");
  command.add_option("-t,--threads", options.threads, "Threads (default: the performance cores this process may use)")
      ->type_name("N")
      ->transform(whole_number(1, 512))
      ->group("Model");
  auto* weights = command
                      .add_option("--weights", options.weights,
                                  "Where the weights lie, in the layout that is multiplied fastest: private memory, or "
                                  "shared, a cache file that the next start maps as it is and that processes share "
                                  "(default: private)")
                      ->type_name("WHERE")
                      ->check(one_of({"private", "shared"}))
                      ->group("Model");
  command
      .add_flag_callback(
          "--no-repack", [&options] { options.weights = "file"; },
          "Read the weights in place in the model's file: no copy, but slower")
      ->excludes(weights)
      ->group("Model");
  command.add_flag("-v,--verbose", options.verbose, "Say more about the work on standard error")->group("Model");
}

CLI::Validator kv_type_check() {
  const auto check = [](const std::string& text) {
    if (kernels::parse_kv_types(text)) return std::string();
    std::vector<std::string> names;
    for (int type = 0; type < kernels::kKvTypeCount; ++type) names.emplace_back(kv_type_name(static_cast<kernels::KvType>(type)));
    const std::string suggestion = did_you_mean(text, names);
    return fmt::format("expected {}, found {}{}", kernels::kKvTypesForm, quoted(text), suggestion.empty() ? "" : "." + suggestion);
  };
  return CLI::Validator(check, "");
}

CLI::Validator kv_split_check() {
  std::vector<std::string> names = {kv::kChosenSplit};
  for (const std::string_view name : kv::all_splits()) names.emplace_back(name);
  return one_of(std::move(names));
}

CLI::Validator kv_keep_check() {
  const std::vector<std::string_view> names = kv::all_rules();
  return one_of({names.begin(), names.end()});
}

void add_kv_type_option(CLI::App& command, std::string& type, const char* group) {
  command
      .add_option("--kv-type", type,
                  "How the cache stores numbers: f32, f16 (default), q8_0 or q4_0; two of them for keys and values by "
                  "themselves (q8_0:q4_0)")
      ->type_name("TYPE")
      ->check(kv_type_check())
      ->group(group);
}

void add_memory_options(CLI::App& command, MemoryOptions& options) {
  const char* group = "Memory";
  command.add_option("-c,--context", options.context, "The largest position (default: what the model was trained for)")
      ->type_name("TOKENS")
      ->transform(context_length(1))
      ->group(group);
  command
      .add_option("--kv-budget", options.budget,
                  "Hard limit for the KV cache: a size (64MiB), a share of what the context would need (20%), or full "
                  "(default: enough for 16384 tokens of context, or a quarter of the free memory if that is less)")
      ->type_name("SIZE")
      ->group(group);
  add_kv_type_option(command, options.type, group);
  command
      .add_option(
          "--kv-split", options.split,
          "How the budget is split between layers (default: auto, which is joint or depth with a profile and zigzag "
          "without)")
      ->type_name("NAME")
      ->check(kv_split_check())
      ->group(group);
  command
      .add_option(
          "--kv-profile", options.profile,
          "What brim calibrate measured about this model's layers (default: what the model carries, if anything)")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--kv-keep", options.keep, "Which entries stay when the cache is full (default: window)")
      ->type_name("NAME")
      ->check(kv_keep_check())
      ->group(group);
  command
      .add_option(
          "--kv-read", options.read,
          "What a token of an answer reads of the cache: all (default), or the blocks that suit it best, up to a "
          "share of all entries (top=25%)")
      ->type_name("WHAT")
      ->group(group);
  command
      .add_option("--kv-heads", options.heads,
                  "Whether the heads of a layer keep the same entries: together (default), or apart, each its own")
      ->type_name("HOW")
      ->check(one_of({"together", "apart"}))
      ->group(group);
}

void add_template_options(CLI::App& command, TemplateOptions& options) {
  command
      .add_option("--chat-template,--chat-template-file", options.given,
                  "How messages become a prompt: a built-in name (chatml, llama3, …) or a Jinja file "
                  "(default: the model's own template)")
      ->type_name("NAME|FILE")
      ->group("Model");
}

std::string template_text(const TemplateOptions& options) {
  const std::string& given = options.given;
  if (given.empty() || given[0] == '@') return text_or_file(given, "--chat-template");
  const bool names_file = given.find('/') != std::string::npos || given.find('.') != std::string::npos;
  if (names_file && given.find('{') == std::string::npos) return read_file(given);
  std::error_code ignored;
  if (std::filesystem::is_regular_file(given, ignored)) return read_file(given);
  return given;
}

void add_sampling_options(CLI::App& command, SamplingChoices& options) {
  const char* group = "Sampling";
  command.add_option("-s,--seed", options.seed, "The same seed gives the same text; -1 (default): at random")
      ->type_name("N")
      ->transform(seed_number())
      ->group(group);
  for (const SamplingSetting& setting : sampling_settings()) {
    std::string help = setting.help;
    if (*setting.standard != '\0') help += fmt::format(" (default: {})", setting.standard);
    const auto keep = [&options, key = std::string(setting.key)](const std::vector<std::string>& values) {
      for (const std::string& value : values) options.values.emplace_back(key, value);
      return true;
    };
    CLI::Option* option = command.add_option(setting.flags, keep, help);
    option->type_name(setting.type)->group(group);
    if (setting.repeatable) {
      option->expected(1, 1 << 20)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    } else {
      option->expected(1);
      if (setting.least <= setting.most) {
        option->transform(whole_number(setting.least, setting.most));
      } else if (std::string_view(setting.type) != "SIZE") {  // a size is read by the engine
        option->check(any_number());
      }
    }
  }
}

void refuse_idle_settings(const SamplingChoices& options) {
  const auto given = [&](std::string_view key) {
    return std::any_of(options.values.begin(), options.values.end(), [&](const auto& value) { return value.first == key; });
  };
  for (const SamplingSetting& setting : sampling_settings()) {
    if (!given(setting.key) || *setting.needs == '\0') continue;
    std::istringstream keys(setting.needs);
    std::vector<std::string> needed;
    bool works = false;
    for (std::string key; keys >> key;) {
      works = works || given(key);
      needed.push_back(first_flag(*find_sampling_setting(key)));
    }
    if (!works) throw Failure(2, fmt::format("{} does nothing without {}", first_flag(setting), or_list(needed)));
  }
}

void add_escape_option(CLI::App& command, bool& escape, const char* group) {
  command
      .add_flag("-e,--escape,!--no-escape", escape,
                "Read \\n, \\t, \\\\, \\\" and \\x41 in typed texts as what they stand for (default), or as they are")
      ->group(group);
}

SamplingChoices typed_choices(const SamplingChoices& options, bool escape) {
  SamplingChoices choices = options;
  if (!escape) return choices;
  for (auto& [key, value] : choices.values) {
    if (key == "stop") value = unescaped(value);
  }
  return choices;
}

std::uint64_t chosen_seed(const SamplingChoices& options) {
  const auto given = parse_integer<std::uint64_t>(options.seed.value_or(""));
  return given ? *given : std::random_device{}();
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
    constexpr std::size_t kMost = std::size_t{1} << 30;
    if (content.size() > kMost) throw Failure(2, fmt::format("{} is larger than the 1 GiB that can be read", name));
    if (std::feof(file.get()) != 0) return content;
    if (std::ferror(file.get()) == 0) continue;
    if (errno != EINTR) throw Failure(2, fmt::format("{} cannot be read: {}", name, std::strerror(errno)));
    if (interrupted()) throw Stopped();
    std::clearerr(file.get());
  }
}

std::string typed_text_or_file(const std::string& text, const std::string& what, bool escape) {
  if (text.starts_with('@')) return without_last_line_end(text_or_file(text, what));
  return escape ? unescaped(text) : text;
}

std::string text_or_file(const std::string& text, const std::string& what) {
  if (text.empty() || text[0] != '@') return text;
  if (text.size() == 1) throw Failure(2, fmt::format("{} names no file after '@'", what));
  return read_file(text.substr(1));
}

}  // namespace brim::apps
