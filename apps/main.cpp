// The `brim` command: finds the subcommand and turns failures into one sentence and an exit code.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <memory>

#include "apps/commands.hpp"
#include "apps/terminal/help_layout.hpp"
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

}  // namespace brim::apps

int main(int argc, char** argv) {
#ifdef BRIM_MIMALLOC
  mi_option_set_default(mi_option_decommit_delay, 0);  // what loading frees is given back before the weights need it
#endif
  CLI::App app{"Brim runs language models on CPUs inside a KV-memory budget that you set and it never exceeds.", "brim"};
  app.set_version_flag("--version", std::string("brim ") + brim_version());
  app.require_subcommand(1);
  app.formatter(std::make_shared<brim::apps::HelpLayout>());
#define COMMAND(function) brim::apps::add_##function(app);
#include "apps/commands.def"
#undef COMMAND
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& failure) {
    app.exit(failure);
    return 2;
  } catch (const brim::apps::Failure& failure) {
    std::fprintf(stderr, "brim: %s\n", failure.what());
    return failure.code;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "brim: %s\n", failure.what());
    return 1;
  }
  return 0;
}
