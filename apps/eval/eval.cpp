// `brim eval`: how well a model predicts a text, token by token, through the same cache and budget that a conversation
// uses. It may look inside the engine, because it needs the logits of every position.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/command_line/unread_input.hpp"
#include "apps/command_line/values.hpp"
#include "apps/commands.hpp"
#include "apps/eval/losses.hpp"
#include "apps/files/outputs.hpp"
#include "apps/files/text_file.hpp"
#include "apps/model_options/budget_notice.hpp"
#include "apps/model_options/model_options.hpp"
#include "apps/model_options/reading.hpp"
#include "apps/run/prompt_ids.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/output.hpp"
#include "apps/terminal/progress_line.hpp"
#include "apps/terminal/quantities.hpp"
#include "engine/model/model.hpp"
#include "engine/run/choose_scores.hpp"
#include "engine/run/profile_remark.hpp"
#include "engine/run/sequence.hpp"
#include "research/kv_suite/command.hpp"
#include "research/kv_suite/pictures.hpp"
#include "research/policies.hpp"

namespace brim::apps {
namespace {

struct EvalOptions {
  ModelOptions model;
  GivenOptions given;  ///< options of the engine
  CLI::Option *file_given = nullptr, *ids_given = nullptr;
  std::string file, ids, logits_file, positions, suite;
  bool json = false;
  KvSuiteOptions kv;
};

/// The input: ids, or a text that only the model can turn into ids.
struct Input {
  std::optional<std::string> text;
  std::vector<std::int32_t> ids;
};

Input read_input(const EvalOptions& options) {
  if (*options.ids_given) return {{}, parse_prompt_ids(text_or_file(options.ids, "--prompt-ids"))};
  return {read_text(options.file), {}};
}

std::vector<std::int64_t> positions_of(const EvalOptions& options) {
  if (options.logits_file.empty() != options.positions.empty()) {
    throw Failure(2, "--logits-out and --positions go together");
  }
  const std::vector<std::int32_t> positions = parse_prompt_ids(options.positions, "--positions", "position");
  if (positions.empty() && !options.positions.empty()) throw Failure(2, "--positions holds no position");
  return {positions.begin(), positions.end()};
}

void check_positions(const std::vector<std::int64_t>& positions, std::size_t tokens) {
  for (const std::int64_t position : positions) {
    if (static_cast<std::size_t>(position) < tokens) continue;
    throw Failure(2, fmt::format("--positions: expected 0 to {}, found {}", tokens - 1, position));
  }
}

/// Whether standard input is read, either for the text or for ids with @-.
bool reads_standard_input(const EvalOptions& options) { return options.file == "-" || options.ids == "@-"; }

void write_rows(const std::string& path, const std::vector<std::vector<float>>& rows) {
  std::string content;
  for (const std::vector<float>& row : rows) {
    content.append(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float));
  }
  write_file(path, content, NewFile::Permissions::usual);
}

void report(const Losses& losses, const run::Sequence& sequence, bool json) {
  const double mean = losses.mean();
  if (json) {
    nlohmann::ordered_json object;
    object["tokens"] = losses.tokens;
    object["nll"] = losses.nll;
    object["mean_nll"] = mean;
    object["perplexity"] = std::exp(mean);
    object["kv_budget_bytes"] = sequence.memory().kv.budget_bytes;
    object["kv_peak_bytes"] = sequence.cache().bytes_peak();
    object["kv_evicted"] = sequence.cache().evicted();
    write_output(printable_json(object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)) + "\n");
    return;
  }
  write_output(fmt::format(
      "tokens      {}\nmean NLL    {:.6f}\nperplexity  {:.4f}\nKV          {} peak of {}, {} entries evicted\n",
      grouped_text(losses.tokens), mean, std::exp(mean), bytes_text(sequence.cache().bytes_peak()),
      bytes_text(sequence.memory().kv.budget_bytes), grouped_text(sequence.cache().evicted())));
}

void evaluate(const EvalOptions& options) {
  if (given({options.file_given, options.ids_given}) != 1) {
    throw Failure(2, "expected a text (-f) or token ids (--prompt-ids), one of the two");
  }
  if (!reads_standard_input(options)) {
    refuse_unread_input(*options.file_given ? "-f names the text (-f - reads it there)" : "--prompt-ids has the ids");
  }
  catch_interrupts();
  const InterruptScope scope;
  Outputs files;
  files.reads_model(options.model.path);
  files.reads("the text being read", options.file);
  for (const std::string& path : options.kv.texts) files.reads("a text being read", path);
  files.reads_text("the ids being read", options.ids);
  files.reads("the profile being read", options.given.value("kv.profile"));
  files.reads("the scores being read", options.given.value("kv.scores"));
  files.writes("--logits-out", options.logits_file);
  if (options.suite == "kv") {
    if (!*options.file_given) throw Failure(2, "--suite kv reads a text: give it with -f");
    if (!options.logits_file.empty() || !options.positions.empty()) throw Failure(2, "--suite kv writes no logits");
    prepare_pictures(options.kv.pictures, files);
    evaluate_kv(options.model, options.given, options.file, options.json, options.kv);
    return;
  }
  const run::SequenceOptions settings = sequence_options(options.given, research::all_policies());
  const std::vector<std::int64_t> positions = positions_of(options);
  const Input input = read_input(options);
  const auto model = load_engine_model(options.model, options.given);
  const std::vector<std::int32_t> ids = input.text ? unwrap(model->tokenizer().encode(*input.text, {})) : input.ids;
  if (ids.size() < 2) {
    throw Failure(1, fmt::format("nothing to score: the text has {}, and a loss needs at least two",
                                 ids.empty() ? "no tokens" : "one token"));
  }
  check_positions(positions, ids.size());
  if (!positions.empty()) {
    check_file_size(options.logits_file,
                    positions.size() * sizeof(float) * static_cast<std::size_t>(model->config().vocabulary));
  }
  const auto sequence = unwrap(run::Sequence::create(model, settings));
  if (!sequence->profile().notice.empty()) say_notice(sequence->profile().notice);
  const std::string remark = run::profile_remark(sequence->memory().kv, sequence->profile());
  if (!remark.empty()) say_notice(remark);
  if (const std::string scores = run::scores_remark(sequence->memory().kv); !scores.empty()) say_notice(scores);
  say_unused_budget(options.given.value("kv.budget"), sequence->memory().kv.full_bytes);
  const std::int64_t context = sequence->memory().kv.shape.context;
  if (static_cast<std::int64_t>(ids.size()) > context) {
    say(fmt::format("The text has {} tokens, more than the context of {}: beyond it the oldest ones are evicted.",
                    grouped_text(static_cast<std::int64_t>(ids.size())), grouped_text(context)));
  }
  ProgressLine line("Reading", ProgressLine::Unit::tokens, std::chrono::seconds(2));
  const Losses losses = unwrap(measure_losses(
      *sequence, ids, positions, [&](long long done, long long total) { return line.advance(done, total); }));
  line.clear();
  if (!options.logits_file.empty()) write_rows(options.logits_file, losses.rows);
  report(losses, *sequence, options.json);
}

}  // namespace

void add_eval(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("eval", "Measure how well a model predicts a text (NLL, perplexity)");
  const auto options = std::make_shared<EvalOptions>();
  add_model_options(*command, options->model, options->given);
  const char* group = "Text and output";
  options->file_given = command->add_option("-f,--file", options->file, "A text file; -: standard input");
  options->file_given->type_name("FILE")->group(group);
  options->ids_given =
      command->add_option("--prompt-ids", options->ids, "Token ids, taken as they are: 1,2,3 or @FILE");
  options->ids_given->type_name("IDS")->group(group);
  CLI::Option* suite =
      command->add_option("--suite", options->suite,
                          "Instead of one reading, compare: kv, every split and rule of the KV cache at "
                          "the same bytes");
  suite->type_name("NAME")->check(one_of({"kv"}))->group(group);
  CLI::Option* json = command->add_flag(
      "--json", options->json,
      "One JSON object: tokens, nll (one number per token after the first), mean_nll, perplexity; of a suite, arms and "
      "paired");
  json->group(group);
  command
      ->add_option("--logits-out", options->logits_file,
                   "Write logits at --positions as raw little-endian float32 rows")
      ->type_name("FILE")
      ->group(group);
  command
      ->add_option("--positions", options->positions,
                   "Positions for --logits-out, in the order they are written: 0,31,95")
      ->type_name("LIST")
      ->group(group);
  add_kv_suite_options(*command, options->kv, suite, json);
  add_memory_options(*command, options->given, research::all_policies());
  command->footer(
      "\nExamples:\n"
      "  brim eval model.gguf -f book.txt\n"
      "  brim eval model.gguf -f book.txt -c 2048 --kv-budget 25% --json\n"
      "  brim eval model.gguf -f book.txt --suite kv --kv-profile model.profile.json");
  command->callback([options] { evaluate(*options); });
}

}  // namespace brim::apps
