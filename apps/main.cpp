// The `brim` command: finds the subcommand and turns failures into one sentence and an exit code.
#include <CLI/CLI.hpp>
#include <exception>
#include <memory>
#include <sstream>

#include "apps/commands.hpp"
#include "apps/model_options/empty_values.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/help_layout.hpp"
#include "apps/terminal/output.hpp"
#include "apps/terminal/standard_descriptors.hpp"
#include "brim/brim.h"

#ifdef BRIM_MIMALLOC
#include <mimalloc.h>
#endif

namespace brim::apps {

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::bad_file:
    case ErrorCode::unsupported:
    case ErrorCode::io:
      return 2;
    default:
      return 1;
  }
}

namespace {

// What CLI11 says to end the program: help and version are results, the rest is said on standard error.
int end_parsing(const CLI::App& app, const CLI::ParseError& end) {
  std::ostringstream result, complaint;
  const int code = app.exit(end, result, complaint);
  write_output(result.str());
  std::string sentence = complaint.str();
  while (sentence.ends_with('\n')) sentence.pop_back();
  if (!sentence.empty()) say(sentence);
  return code == 0 ? 0 : 2;
}

int run(int argc, char** argv) {
  CLI::App app{"Brim runs language models on CPUs inside a KV-memory budget that you set and it never exceeds.", "brim"};
  app.set_version_flag("--version", std::string("brim ") + brim_version());
  app.require_subcommand(1);
  app.formatter(std::make_shared<HelpLayout>());
#define COMMAND(function) add_##function(app);
#include "apps/commands.def"
#undef COMMAND
  refuse_empty_values(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& end) {
    return end_parsing(app, end);
  }
  return 0;
}

}  // namespace
}  // namespace brim::apps

int main(int argc, char** argv) {
  brim::apps::open_standard_descriptors();
  brim::apps::ignore_write_signals();
#ifdef BRIM_MIMALLOC
  mi_option_set_default(mi_option_decommit_delay, 0);  // what loading frees is given back before the weights need it
#endif
  try {
    return brim::apps::run(argc, argv);
  } catch (const brim::apps::ClosedOutput&) {
    brim::apps::end_by_pipe();
  } catch (const brim::apps::Failure& failure) {
    brim::apps::say(std::string("brim: ") + failure.what());
    return failure.code;
  } catch (const std::exception& failure) {
    brim::apps::say(std::string("brim: ") + failure.what());
    return 1;
  }
}
