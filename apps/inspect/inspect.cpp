// `brim inspect`: what a model file contains and what running it would take, without loading it.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <string>

#include "apps/commands.hpp"
#include "apps/inspect/reports.hpp"
#include "apps/inspect/summary.hpp"
#include "apps/model_options/budget_notice.hpp"
#include "apps/model_options/model_options.hpp"
#include "apps/model_options/reading.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/output.hpp"

namespace brim::apps {
namespace {

struct InspectOptions {
  std::string path;
  GivenOptions given;  ///< options of the engine
  bool repack = true;
  bool json = false;
};

void inspect(const InspectOptions& options) {
  const run::SequenceOptions sequence = sequence_options(options.given);
  const io::Gguf file = unwrap(io::Gguf::open(options.path));
  const Summary summary = summarise(file, sequence, options.repack);
  if (!summary.notice.empty()) say_notice(summary.notice);
  if (summary.memory) say_unused_budget(options.given.value("kv.budget"), summary.memory->plan.kv.full_bytes);
  write_output(options.json ? json_report(file, summary) : text_report(file, summary));
  if (summary.failed) throw Failure(exit_code(summary.no_plan->code), summary.no_plan->sentence);
}

}  // namespace

void add_inspect(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("inspect", "Show what a file holds and the memory it would take");
  const auto options = std::make_shared<InspectOptions>();
  command->add_option("-m,--model", options->path, "The model: a GGUF file (of a split one, the first)")
      ->type_name("FILE")
      ->required()
      ->group("Model");
  add_option_line(*command, "threads", options->given)->group("Model");
  command->add_flag("!--no-repack", options->repack, "Plan for weights that are read in place in the file")
      ->group("Model");
  add_memory_options(*command, options->given);
  command->add_flag("--json", options->json, "One JSON object instead of tables");
  command->footer(
      "\nExamples:\n"
      "  brim inspect model.gguf --kv-budget 64MiB\n"
      "  brim inspect model.gguf --json");
  command->callback([options] { inspect(*options); });
}

}  // namespace brim::apps
