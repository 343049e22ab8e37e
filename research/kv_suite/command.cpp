// See command.hpp.
#include "research/kv_suite/command.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "apps/commands.hpp"
#include "apps/model_options/number_checks.hpp"
#include "apps/model_options/reading.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/output.hpp"
#include "apps/terminal/progress_line.hpp"
#include "apps/terminal/quantities.hpp"
#include "research/kv_suite/pictures.hpp"
#include "research/kv_suite/report.hpp"
#include "research/kv_suite/text_windows.hpp"
#include "research/policies.hpp"

namespace brim::apps {
namespace {

/// The request as far as it is known without the model: errors in options are reported before the model is loaded.
SuiteRequest request_of(const GivenOptions& given, const KvSuiteOptions& options) {
  SuiteRequest request;
  const kv::Policies policies = research::all_policies();
  request.sequence = sequence_options(given, policies);
  if (!given.has("kv.keep")) request.sequence.keep = &kv::snapkv_rule();
  request.arms = chosen_arms(all_arms(policies, *request.sequence.keep, request.sequence.type, options.permutations),
                             options.arms);
  request.ratios = options.ratios;
  return request;
}

/// Adds the windows and the tasks, which need the model.
void add_windows(SuiteRequest& request, const model::Model& model, const std::string& text, const std::string& source,
                 const KvSuiteOptions& options) {
  const model::FoundProfile profile =
      unwrap(run::choose_profile(model.file().profiles, model.file().carried, request.sequence));
  if (!profile.notice.empty()) say_notice(profile.notice);
  const WindowSize size = window_size(model.config(), request.sequence.context, options.continuation);
  request.sequence.context = size.tokens;
  request.windows = windows_of(model, text, source, size, options.seeds, 7);
  if (options.recall > 0) {
    request.recall = unwrap(make_recall_tasks(model, text, size.tokens, options.recall));
    if (request.recall.empty()) throw Failure(2, "--recall: the text has too few words, or the windows are too small");
  }
}

}  // namespace

void add_kv_suite_options(CLI::App& command, KvSuiteOptions& options, CLI::Option* suite, CLI::Option* json) {
  const char* group = "KV suite (--suite kv)";
  command
      .add_option("--ratios", options.ratios, "Budgets as parts of the whole cache (default: .5,.4,.25,.2,.125,.0625)")
      ->delimiter(',')
      ->type_name("LIST")
      ->transform(number_between(0.001, 1.0))
      ->needs(suite)
      ->group(group);
  command
      .add_option("--arms", options.arms,
                  "Only these besides full and uniform: depth,zigzag,shuffled,q8_0,q8_0:q4_0,… (default: all)")
      ->delimiter(',')
      ->type_name("LIST")
      ->needs(suite)
      ->group(group);
  command
      .add_option("--seeds", options.seeds, "Pieces of the text, the place of each drawn by its number (default: 8)")
      ->type_name("N")
      ->transform(whole_number(1, 10000))
      ->needs(suite)
      ->group(group);
  command
      .add_option("--permutations", options.permutations,
                  "How many shufflings of depth's quotas are measured (default: 20)")
      ->type_name("N")
      ->transform(whole_number(1, 1000))
      ->needs(suite)
      ->group(group);
  command
      .add_option("--continuation", options.continuation,
                  "Tokens scored at the end of each piece (default: a quarter of the piece, at most 128)")
      ->type_name("N")
      ->transform(whole_number(1, 100000))
      ->needs(suite)
      ->group(group);
  command
      .add_option("--recall", options.recall,
                  "Also so many tasks of finding what was put into the text (default: none)")
      ->type_name("N")
      ->transform(whole_number(0, 10000))
      ->needs(suite)
      ->group(group);
  command.add_option("--pictures", options.pictures, "Draw the outcome into this folder (with gnuplot)")
      ->type_name("DIR")
      ->needs(suite)
      ->group(group);
  command.add_flag("--csv", options.csv, "The arms as CSV")->needs(suite)->excludes(json)->group(group);
}

void evaluate_kv(const ModelOptions& chosen, const GivenOptions& given, const std::string& text_file, bool json,
                 const KvSuiteOptions& options) {
  if (given.has("kv.budget") || given.has("kv.split")) {
    throw Failure(
        2,
        "--suite kv goes through budgets (--ratios) and splits (--arms) itself: leave out --kv-budget and --kv-split");
  }
  SuiteRequest request = request_of(given, options);
  const std::string text = read_file(text_file);
  const auto model = load_engine_model(chosen, given);
  add_windows(request, *model, text, text_file, options);
  ProgressLine line("Comparing", ProgressLine::Unit::steps, std::chrono::seconds(1));
  Result<std::vector<Outcome>> outcomes =
      run_suite(model, request, [&](long long done, long long total) { return line.advance(done, total); });
  line.clear();
  unwrap(outcomes ? Status() : Status(outcomes.error()));
  for (const Outcome& outcome : *outcomes) {
    if (!outcome.skipped.empty()) {
      say(fmt::format("Skipped {} at {:.4g} %: {}", outcome.arm.name, 100 * outcome.ratio, outcome.skipped));
    }
  }
  const std::vector<Comparison> paired = compare(*outcomes);
  write_output(json          ? suite_json(*outcomes, paired)
               : options.csv ? suite_csv(*outcomes)
                             : suite_table(*outcomes, paired));
  if (!options.pictures.empty()) draw_pictures(*outcomes, options.pictures);
}

}  // namespace brim::apps
