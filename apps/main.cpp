// The `brim` command: finds the subcommand and turns failures into one sentence and an exit code.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <memory>
#include <new>
#include <string_view>

#include "apps/command_line/arguments.hpp"
#include "apps/commands.hpp"
#include "apps/help/help_layout.hpp"
#include "apps/model_options/option_names.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/output.hpp"
#include "brim/brim.h"
#include "platform/program/standard_streams.hpp"

#ifdef BRIM_MIMALLOC
#include <mimalloc.h>
#endif

namespace brim::apps {

namespace {

void run(const std::vector<std::string>& words) {
  CLI::App app{"Brim runs language models on CPUs inside a KV-memory budget that you set and it never exceeds.",
               "brim"};
  app.set_version_flag("--version", std::string("brim ") + brim_version(), "Show the version");
  app.set_help_flag("-h,--help", "Show this help");
  app.require_subcommand(1);
  app.formatter(std::make_shared<HelpLayout>());
#define COMMAND(function) add_##function(app);
#include "apps/commands.def"
#undef COMMAND
  settle_repetition(app);
  std::vector<std::string> arguments = read_arguments(app, words);
  std::reverse(arguments.begin(), arguments.end());  // the order that CLI11 expects
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    write_output(app.help());
  } catch (const CLI::CallForVersion& version) {
    write_output(std::string(version.what()) + "\n");
  } catch (const CLI::ParseError& failure) {
    throw Failure(2, failure.what());
  }
}

}  // namespace
}  // namespace brim::apps

int main(int argc, char** argv) {
  if (!brim::platform::open_standard_streams()) return 1;
  brim::apps::ignore_write_signals();
#ifdef BRIM_MIMALLOC
  mi_option_set_default(mi_option_decommit_delay, 0);  // freed memory returns to the system before weights need it
#endif
  try {
    brim::apps::run({argv + std::min(argc, 1), argv + argc});
    return 0;
  } catch (const brim::apps::Stopped&) {
    brim::apps::end_interrupted();
  } catch (const brim::apps::ClosedOutput&) {
    brim::apps::end_by_pipe();
  } catch (const brim::apps::Failure& failure) {
    brim::apps::say("brim: " + brim::apps::with_flags(failure.what()));
    return failure.code;
  } catch (const std::bad_alloc&) {
    for (const std::string_view part : {std::string_view("brim: "), brim::apps::kNoMemory, std::string_view("\n")}) {
      (void)brim::platform::write_some(brim::platform::kStandardError, part);
    }
    return 1;
  } catch (const std::exception& failure) {
    brim::apps::say(std::string("brim: ") + failure.what());
    return 1;
  }
}
