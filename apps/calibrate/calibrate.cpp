// `brim calibrate`: measures how much each layer of a model loses with fewer entries, and writes the result as a
// profile for --kv-split depth; and fits scores of entries for --kv-keep learned. It may look inside the engine, because it gives layers quotas that no split would
// choose.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "apps/calibrate/carry.hpp"
#include "apps/calibrate/conclusions.hpp"
#include "apps/calibrate/keep_scores.hpp"
#include "apps/calibrate/plan_check.hpp"
#include "apps/calibrate/progress_file.hpp"
#include "apps/command_line/unread_input.hpp"
#include "apps/command_line/values.hpp"
#include "apps/commands.hpp"
#include "apps/files/outputs.hpp"
#include "apps/files/text_file.hpp"
#include "apps/loops/loop_threads.hpp"
#include "apps/model_options/kv_checks.hpp"
#include "apps/model_options/number_checks.hpp"
#include "apps/model_options/reading.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/output.hpp"
#include "apps/terminal/printable.hpp"
#include "apps/terminal/progress_line.hpp"
#include "apps/terminal/quantities.hpp"
#include "engine/base/hash.hpp"
#include "engine/base/size_text.hpp"
#include "engine/model/score_file.hpp"
#include "kernels/kv_type.hpp"
#include "research/kv_suite/text_windows.hpp"
#include "research/policies.hpp"

namespace brim::apps {
namespace {

struct CalibrateOptions {
  ModelOptions model;
  GivenOptions given;  ///< options of the engine: context, type and rule; there is no budget to give
  std::string text, output, scores, from, into, loss = "kl";
  std::vector<std::string> types;
  int windows = 8;
  std::optional<int> continuation;
  bool json = false;
};

std::string hash_text(std::string_view text) {
  Hash hash;
  hash.add(text.data(), text.size());
  return fmt::format("fnv1a-{:016x}", hash.value());
}

/// What will be measured, derived from the options.
struct Work {
  Measuring with;
  std::vector<Window> windows;
  std::string settings;
};

Work prepare(const CalibrateOptions& options, model::ProfileFile& file) {
  Work work;
  const std::string text = read_text(options.text);
  Measuring& with = work.with;
  with.model = load_engine_model(options.model, options.given);
  const model::Config& config = with.model->config();
  const kv::Shape shape = model::kv_shape(config, config.context, {});
  if (shape.states.empty() && shape.layers.size() != config.layers.size()) {
    throw Failure(1,
                  fmt::format("{} has {} layers, of which {} keep entries; calibrate measures models whose layers all "
                              "keep entries of their own",
                              printable_line(options.model.path), config.layers.size(), shape.layers.size()));
  }
  if (!shape.states.empty()) {
    throw Failure(1, fmt::format("{} has layers that keep a state in place of entries; calibrate measures models whose "
                                 "layers are all attention",
                                 printable_line(options.model.path)));
  }
  with.sequence = sequence_options(options.given, research::all_policies());
  with.sequence.profile = std::make_shared<const kv::Profile>();  // no profile is searched for: quotas are given
  with.loop_threads = loop_threads(with.sequence.threads);
  const WindowSize size = window_size(config, with.sequence.context, options.continuation);
  with.sequence.context = size.tokens;
  work.windows = windows_of(*with.model, text, options.text, size, options.windows, 1);
  const double min = static_cast<double>(size.tokens) * kv::kProfileFractions.back();
  with.chunk = reading_chunk(size.tokens - size.continuation, static_cast<std::int64_t>(min));
  file.model_name = config.name;
  file.architecture = config.architecture;
  file.fingerprint = with.model->file().profiles.fingerprint;
  file.loss = options.loss;
  file.keep = with.sequence.keep->name();
  file.profile.types = with.sequence.type;
  for (const std::string& name : options.types) {
    const kernels::KvTypes types = *kernels::parse_kv_types(name);
    const auto same = [&](const kv::TypedLosses& other) { return other.types == types; };
    const bool known = std::any_of(file.profile.others.begin(), file.profile.others.end(), same);
    if (!known && !(types == with.sequence.type)) file.profile.others.push_back({types, {}});
  }
  file.context = size.tokens;
  file.continuation = size.continuation;
  file.windows = static_cast<std::int64_t>(work.windows.size());
  file.chunk = with.chunk;
  file.text = hash_text(text);
  work.settings =
      fmt::format("{} {} {} {} {} {} {} {}", file.fingerprint, file.keep, kernels::kv_types_name(with.sequence.type),
                  file.context, file.continuation, file.windows, file.chunk, file.text);
  for (const kv::TypedLosses& other : file.profile.others) {
    with.others.push_back(other.types);
    work.settings += fmt::format(" {}", kernels::kv_types_name(other.types));
  }
  return work;
}

std::int64_t steps_done(const std::vector<WindowLosses>& windows) {
  std::int64_t done = 0;
  const auto add = [&](const std::vector<LayerLoss>& layers) {
    done += std::count_if(layers.begin(), layers.end(), [](const LayerLoss& loss) { return loss.measured; });
  };
  for (const WindowLosses& window : windows) {
    add(window.layers);
    for (const std::vector<LayerLoss>& layers : window.others) add(layers);
  }
  return done;
}

std::string partial_of(const std::string& output) { return output + ".partial"; }

/// Refuses outputs that are files being read.
void refuse_inputs(const CalibrateOptions& options) {
  Outputs files;
  files.reads_model(options.model.path);
  files.reads("the text being read", options.text);
  files.reads("the file being read", options.from);
  files.writes("-o", options.output);
  files.writes("--keep-scores", options.scores);
  if (!options.output.empty()) {
    files.writes("-o, the file of what was measured so far,", partial_of(options.output));
    check_progress_file(partial_of(options.output));
  }
  files.writes("--into", options.into);
}

/// The min size of the profile in bytes: as if every loss were 0.
std::size_t smallest_profile(model::ProfileFile file, std::size_t layers) {
  file.profile.layers.assign(layers, {});
  file.nll.assign(layers, {});
  file.infonce.assign(layers, 0);
  for (kv::TypedLosses& other : file.profile.others) other.loss.assign(layers, {});
  return model::to_json(file).size();
}

model::ProfileFile measure(const CalibrateOptions& options, const Work& work, model::ProfileFile file) {
  const std::size_t layers = work.with.model->config().layers.size();
  const std::string partial = partial_of(options.output);
  check_file_size(options.output, smallest_profile(file, layers));
  std::vector<WindowLosses> losses =
      load_progress(partial, work.settings, work.windows.size(), layers, work.with.others.size());
  const auto total = static_cast<std::int64_t>(work.windows.size() * layers * (1 + work.with.others.size()));
  if (const std::int64_t done = steps_done(losses); done > 0) {
    say(fmt::format("Goes on after {} of {} measurements in {}.", done, total, partial));
  }
  ProgressLine line("Measuring layers", ProgressLine::Unit::steps, std::chrono::seconds(1));
  line.update(steps_done(losses), total);
  for (std::size_t w = 0; w < work.windows.size(); ++w) {
    const auto done = [&] {
      save_progress(partial, work.settings, losses);
      line.update(steps_done(losses), total);
    };
    const Status status = measure_window(work.with, work.windows[w], losses[w], done, [] { return !interrupted(); });
    if (!status && status.error().code == ErrorCode::cancelled) {
      line.clear();
      if (steps_done(losses) > 0)
        say(fmt::format("Stopped; what was measured is in {}: the same command goes on.", partial));
    }
    unwrap(status);
  }
  line.clear();
  conclude(losses, file);
  write_file(options.output, model::to_json(file), NewFile::Permissions::usual);
  std::remove(partial.c_str());
  return file;
}

/// The bytes of sums that are kept at a time: of layers that do not fit, the windows are processed again.
constexpr std::size_t kFitBytes = std::size_t{1} << 30;

model::ScoreFile measure_scores(const CalibrateOptions& options, const Work& work) {
  ProgressLine line("Fitting scores", ProgressLine::Unit::steps, std::chrono::seconds(1));
  const auto progress = [&line](std::int64_t done, std::int64_t total) {
    line.update(done, total);
    return !interrupted();
  };
  auto scores = fit_scores(work.with, work.windows, kFitBytes, progress);
  line.clear();
  model::ScoreFile file{unwrap(std::move(scores)), work.with.model->file().profiles.fingerprint};
  unwrap_writing(model::write_scores(file, options.scores));
  return file;
}

std::string check_plans(const Work& work, const model::ProfileFile& file) {
  ProgressLine line("Measuring plans", ProgressLine::Unit::steps, std::chrono::seconds(1));
  auto plans = measure_plans(work.with, work.windows, file,
                             [&line](std::int64_t done, std::int64_t total) { return line.advance(done, total); });
  line.clear();
  return plans_report(unwrap(std::move(plans)));
}

/// The profile or the scores in the file of --from.
void read_measured(const std::string& path, std::optional<model::ProfileFile>& profile,
                   std::optional<model::ScoreFile>& scores) {
  const std::string content = read_file(path);
  if (content.starts_with("GGUF")) {
    const io::Gguf file = unwrap(io::Gguf::parse(std::as_bytes(std::span(content)), path));
    scores = unwrap(model::parse_scores(file));
  } else {
    profile = unwrap(model::parse_profile(content, path));
  }
}

std::string report(const model::ProfileFile& file) {
  std::string out = fmt::format(
      "{} layers, {} windows of {} tokens, {} scored in each; rule {}, {}\nmean {} when one layer keeps a part of its "
      "entries:\n",
      file.profile.layers.size(), file.windows, file.context, file.continuation, printable_line(file.keep),
      kernels::kv_types_name(file.profile.types),
      file.loss == "kl" ? "KL to the whole cache (nats per token)" : "increase of the NLL (nats per token)");
  out += "  layer";
  for (std::size_t i = 1; i < kv::kProfileFractions.size(); ++i)
    out += fmt::format("  {:>7.4g}%", 100 * kv::kProfileFractions[i]);
  out += "   proxy\n";
  double max = 0;
  for (const kv::LayerProfile& layer : file.profile.layers) max = std::max(max, layer.loss[2]);
  for (std::size_t l = 0; l < file.profile.layers.size(); ++l) {
    const kv::LayerProfile& layer = file.profile.layers[l];
    out += fmt::format("  {:>5}", l);
    for (std::size_t i = 1; i < layer.loss.size(); ++i) out += fmt::format("  {:>8.5f}", layer.loss[i]);
    const double share = max > 0 ? std::clamp(layer.loss[2] / max, 0.0, 1.0) : 0;
    out += fmt::format("  {:>6.3f}  {:=<{}}\n", l < file.infonce.size() ? file.infonce[l] : 0.0, "",
                       static_cast<int>(20 * share + 0.5));
  }
  for (const kv::TypedLosses& other : file.profile.others) {
    out += fmt::format("in {}:\n", kernels::kv_types_name(other.types));
    for (std::size_t l = 0; l < other.loss.size(); ++l) {
      out += fmt::format("  {:>5}", l);
      for (std::size_t i = 1; i < other.loss[l].size(); ++i) out += fmt::format("  {:>8.5f}", other.loss[l][i]);
      out += fmt::format("  whole: {:.5f}\n", other.loss[l][0]);
    }
  }
  out += fmt::format("all layers equal: p = {:.4f}; proxy (InfoNCE) against the measured loss: Spearman {:+.2f}\n",
                     file.profile.equal_layers_p, file.spearman);
  out += fmt::format(
      "inequality of the layers' losses, from 0 to 1: {:.2f}; without --kv-split the budget is divided {}\n",
      kv::layer_inequality(file.profile), kv::layers_differ(file.profile) ? "by this profile" : "uniformly");
  return out;
}

/// Writes a copy of the model that carries what was measured or read.
void carry(const CalibrateOptions& options, const io::Gguf& source, const std::optional<model::ProfileFile>& profile,
           const std::optional<model::ScoreFile>& scores) {
  const model::Config config = unwrap(model::read_config(source));
  const auto owner = unwrap(model::profile_owner(source, config.layers.size()));
  Carried carried;
  if (profile) {
    carried.profile = model::to_json(*profile);
    unwrap(model::profile_of(owner, *carried.profile, options.from.empty() ? options.output : options.from));
  }
  if (scores) {
    const std::string& name = options.from.empty() ? options.scores : options.from;
    unwrap(model::check_scores(*scores, config, owner.fingerprint, name));
    carried.scores = scores;
  }
  write_carrying(source, carried, options.into);
  say(fmt::format("{} is {} with its {}.", options.into, options.model.path,
                  profile && scores ? "profile and scores"
                  : profile         ? "profile"
                                    : "scores"));
}

void calibrate(const CalibrateOptions& options) {
  if (options.text.empty() == options.from.empty()) {
    throw Failure(2, "expected a text to measure on (-f) or a profile that is there (--from), one of the two");
  }
  if (options.output.empty() && options.scores.empty() && options.from.empty()) {
    throw Failure(2, "-f needs -o, the profile to write, or --keep-scores, the scores to write");
  }
  if (!options.from.empty() && options.into.empty()) throw Failure(2, "--from needs --into, the model to write");
  if (options.text != "-" && options.from != "-") {
    refuse_unread_input(options.from.empty() ? "-f names the text (-f - reads it there)" : "--from measures nothing");
  }
  refuse_inputs(options);
  catch_interrupts();
  const InterruptScope scope;
  std::optional<io::Gguf> source;
  if (!options.into.empty()) {
    source.emplace(unwrap(io::Gguf::open(options.model.path)));
    check_file_size(options.into, tensor_bytes(*source));
  }
  std::optional<model::ProfileFile> profile;
  std::optional<model::ScoreFile> scores;
  std::string plans;  // what the profile predicts of them
  if (options.from.empty()) {
    model::ProfileFile file;
    const Work work = prepare(options, file);
    if (!options.output.empty()) profile = measure(options, work, std::move(file));
    if (profile && !options.json) plans = check_plans(work, *profile);
    if (!options.scores.empty()) scores = measure_scores(options, work);
  } else {
    read_measured(options.from, profile, scores);
  }
  if (source) carry(options, *source, profile, scores);
  if (profile) write_output(options.json ? printable_json(model::to_json(*profile)) : report(*profile) + plans);
  if (scores && !(profile && options.json)) {
    write_output(options.json ? printable_json(scores_json(scores->scores)) : scores_report(scores->scores));
  }
}

}  // namespace

void add_calibrate(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("calibrate", "Measure which layers of a model need their KV entries most");
  const auto options = std::make_shared<CalibrateOptions>();
  add_model_options(*command, options->model, options->given);
  const char* group = "Calibration";
  command->add_option("-f,--file", options->text, "The text to measure on: like what the model will read")
      ->type_name("FILE")
      ->group(group);
  CLI::Option* from =
      command->add_option("--from", options->from, "Measure nothing: take this profile, or these scores (for --into)");
  from->type_name("FILE")->group(group);
  command
      ->add_option("-o,--output", options->output,
                   "The profile to write; a stopped run goes on from the file beside it")
      ->type_name("FILE")
      ->group(group);
  command
      ->add_option("--keep-scores", options->scores,
                   "Also fit scores of entries for --kv-keep learned, and write them here; without -o nothing else is "
                   "measured")
      ->type_name("FILE")
      ->group(group);
  command->add_option("--into", options->into, "Also write a copy of the model that carries what was measured")
      ->type_name("FILE")
      ->group(group);
  command->add_option("--windows", options->windows, "Pieces of the text to measure on (default: 8)")
      ->type_name("N")
      ->transform(whole_number(1, 1000))
      ->group(group);
  command
      ->add_option("--continuation", options->continuation,
                   "Tokens scored at the end of each (default: a quarter of a window, at most 128)")
      ->type_name("N")
      ->transform(whole_number(1, 100000))
      ->group(group);
  command
      ->add_option(
          "--loss", options->loss,
          "What counts: kl to the whole cache (default, less noise), or nll, how much worse the text is predicted")
      ->type_name("NAME")
      ->check(one_of({"kl", "nll"}))
      ->group(group);
  add_option_line(*command, "context", options->given, context_length(64))
      ->description("Tokens of a window (default: the trained context, at most 1024)")
      ->group(group);
  add_policy_option(*command, "kv.keep", options->given, research::all_policies())->group(group);
  add_option_line(*command, "kv.type", options->given)->group(group);
  command
      ->add_option(
          "--kv-types", options->types,
          "Also measure each layer in these types, for --kv-split joint: q8_0,q4_0 (default: in --kv-type alone)")
      ->delimiter(',')
      ->type_name("LIST")
      ->check(kv_type_check())
      ->group(group);
  command->add_flag("--json", options->json, "Print the profile instead of a table")->group(group);
  // A profile that is taken unchanged was measured with its own settings.
  for (const char* measuring : {"--output", "--keep-scores", "--windows", "--continuation", "--loss", "--context",
                                "--kv-keep", "--kv-type", "--kv-types"}) {
    from->excludes(command->get_option(measuring));
  }
  command->footer(
      "\nExamples:\n"
      "  brim calibrate model.gguf -f book.txt -o model.profile.json\n"
      "  brim chat model.gguf --kv-profile model.profile.json --kv-budget 25%\n"
      "  brim calibrate model.gguf --from model.profile.json --into carrying.gguf\n"
      "  brim calibrate model.gguf -f book.txt --keep-scores model.scores --windows 32");
  command->callback([options] { calibrate(*options); });
}

}  // namespace brim::apps
