// Any words as a command line with every group of options that commands share: accepted, or refused with one sentence.
// And any line as the values that commands parse themselves: token ids and times. Input: one word per line.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "apps/command_line/arguments.hpp"
#include "apps/commands.hpp"
#include "apps/model_options/model_options.hpp"
#include "apps/model_options/option_names.hpp"
#include "apps/render/time_text.hpp"
#include "apps/run/prompt_ids.hpp"

namespace {

using namespace brim::apps;

// Every failure gives its reason in one sentence.
template <class Call>
void refused_or_taken(Call&& call) {
  try {
    call();
  } catch (const Failure& failure) {
    if (failure.what()[0] == '\0' || failure.code == 0) std::abort();
  } catch (const CLI::Error&) {
    // CLI11's own exceptions: help was requested, or a value fails its check
  }
}

struct Command {
  CLI::App app{"", "brim"};
  ModelOptions model;
  GivenOptions given;
  TemplateOptions chat_template;
  bool escape = true;
  std::string prompt;

  Command() {
    app.require_subcommand(1);
    CLI::App* run = app.add_subcommand("run", "");
    add_model_options(*run, model, given);
    add_memory_options(*run, given);
    add_template_options(*run, chat_template);
    add_speculation_options(*run, given);
    add_sampling_options(*run, given);
    add_escape_option(*run, escape, "");
    run->add_option("-p,--prompt", prompt, "");
    app.add_subcommand("inspect", "")->add_option("-m,--model", model.path, "");
    settle_repetition(app);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 4096));
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    // A word of a command line ends at the first zero byte.
    words.emplace_back(line.substr(0, line.find('\0')));
  }
  refused_or_taken([&] {
    Command command;
    std::vector<std::string> arguments = read_arguments(command.app, words);
    std::reverse(arguments.begin(), arguments.end());
    command.app.parse(arguments);
    refuse_idle_options(command.given);
    static_cast<void>(with_typed_texts(command.given, command.escape));
    static_cast<void>(chosen_seed(command.given));
  });
  for (const std::string& word : words) {
    refused_or_taken([&] { static_cast<void>(parse_prompt_ids(word)); });
    refused_or_taken([&] { static_cast<void>(parse_time(word)); });
    if (!word.empty() && with_flags(word).empty()) std::abort();
  }
  return 0;
}
