// `brim help [COMMAND]`: see README.md.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "apps/command_line/arguments.hpp"
#include "apps/commands.hpp"
#include "apps/help/completion.hpp"
#include "apps/help/manual.hpp"
#include "apps/terminal/output.hpp"
#include "brim/brim.h"

namespace brim::apps {
namespace {

struct HelpOptions {
  std::string command;
  bool manual = false, completion = false;
};

void help(CLI::App& app, const HelpOptions& options) {
  if (options.manual) return write_output(manual_page(app, brim_version()));
  if (options.completion) return write_output(bash_completion(app));
  const CLI::App& shown = options.command.empty() ? app : find_command(app, options.command);
  write_output(app.get_formatter()->make_help(&shown, "", CLI::AppFormatMode::Normal));
}

}  // namespace

void add_help(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("help", "Show the commands, or what one of them takes");
  const auto options = std::make_shared<HelpOptions>();
  command->add_option("COMMAND", options->command, "The command to explain")->type_name("");
  CLI::Option* manual = command->add_flag("--man", options->manual, "Print the manual page, for man -l -");
  command->add_flag("--bash-completion", options->completion, "Print the completion script for bash")->excludes(manual);
  command->footer(
      "\nExamples:\n"
      "  brim help chat\n"
      "  brim help --man | man -l -\n"
      "  source <(brim help --bash-completion)");
  command->callback([options, &parent] { help(parent, *options); });
}

}  // namespace brim::apps
