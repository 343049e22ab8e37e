// See command.hpp.
#include "research/kv_suite/command.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "apps/commands.hpp"
#include "apps/files/text_file.hpp"
#include "apps/model_options/number_checks.hpp"
#include "apps/model_options/reading.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/output.hpp"
#include "apps/terminal/progress_line.hpp"
#include "apps/terminal/quantities.hpp"
#include "engine/base/quote.hpp"
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
                             options.arms, policies);
  request.ratios = options.ratios;
  return request;
}

/// "A/B": the names of two arms, in the order of `comparisons`. Throws Failure (2) for anything else, and for an arm that
/// is not measured.
std::vector<std::pair<std::string, std::string>> named_pairs(const std::vector<std::string>& comparisons,
                                                             const std::vector<Arm>& arms) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& text : comparisons) {
    const std::size_t slash = text.find('/');
    if (slash == std::string::npos)
      throw Failure(2, fmt::format("--compare: expected two arms as A/B, found {}", quoted(text)));
    pairs.emplace_back(text.substr(0, slash), text.substr(slash + 1));
    for (const std::string& name : {pairs.back().first, pairs.back().second}) {
      if (std::none_of(arms.begin(), arms.end(), [&](const Arm& arm) { return arm.name == name; }))
        throw Failure(2, fmt::format("--compare: the arm {} is not measured: name it with --arms", quoted(name)));
    }
  }
  return pairs;
}

/// A text to measure on.
struct Source {
  std::string path, text;
};

/// Adds the windows and the documents, which need the model.
void add_windows(SuiteRequest& request, const model::Model& model, const std::vector<Source>& sources,
                 const KvSuiteOptions& options) {
  const model::FoundProfile profile =
      unwrap(run::choose_profile(model.file().profiles, model.file().carried, request.sequence));
  if (!profile.notice.empty()) say_notice(profile.notice);
  const std::string scores = request.sequence.scores_path;
  request.sequence.scores = scores.empty()
                                ? model.file().carried_scores.scores
                                : unwrap(model::read_scores(scores, model.config(), model.file().profiles.fingerprint));
  request.sequence.scores_path.clear();  // read here once, for the arms that use them
  const WindowSize size = window_size(model.config(), request.sequence.context, options.continuation);
  request.sequence.context = size.tokens;
  std::vector<std::string> texts;
  for (const Source& source : sources) {
    for (Window& window : windows_of(model, source.text, source.path, size, options.seeds, 7)) {
      window.text = texts.size();
      request.windows.push_back(std::move(window));
    }
    texts.push_back(source.text);
  }
  if (options.recall == 0) return;
  request.recall = unwrap(make_recall_documents(model, texts, options.recall_tokens.value_or(size.tokens),
                                                static_cast<std::size_t>(options.recall)));
  if (request.recall.empty())
    throw Failure(2,
                  "--recall: the texts have too few words, or are shorter than a document, or documents are too small");
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
      .add_option(
          "--arms", options.arms,
          "Only these besides full and uniform: depth,zigzag,shuffled,q8_0,depth-q8_0,… (default: all); with a rule "
          "of their own: joint+snapkv")
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
                  "Also so many questions about facts that were put into the texts, asked when a text has been read "
                  "(default: none)")
      ->type_name("N")
      ->transform(whole_number(0, 100000))
      ->needs(suite)
      ->group(group);
  command
      .add_option("--recall-tokens", options.recall_tokens,
                  "Tokens of one of these texts, with its question and answer (default: the context)")
      ->type_name("N")
      ->transform(whole_number(256, 1000000))
      ->needs(suite)
      ->group(group);
  command
      .add_option("--compare", options.comparisons,
                  "Pairs of arms, as A/B, whose differences get a p, corrected for how many pairs there are")
      ->delimiter(',')
      ->type_name("LIST")
      ->needs(suite)
      ->group(group);
  command
      .add_option("--texts", options.texts, "Further texts, by other authors for instance: the bootstrap draws texts")
      ->delimiter(',')
      ->type_name("FILES")
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
  const auto pairs = named_pairs(options.comparisons, request.arms);
  std::vector<Source> sources{{text_file, read_text(text_file)}};
  for (const std::string& path : options.texts) sources.push_back({path, read_text(path)});
  const auto model = load_engine_model(chosen, given);
  add_windows(request, *model, sources, options);
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
  SuiteReport report;
  report.paired = compare(*outcomes);
  report.named = compare_named(*outcomes, pairs);
  report.outcomes = std::move(*outcomes);
  write_output(json ? suite_json(report) : options.csv ? suite_csv(report.outcomes) : suite_table(report));
  if (!options.pictures.empty()) draw_pictures(report.outcomes, options.pictures);
}

}  // namespace brim::apps
