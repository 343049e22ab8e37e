// `brim quantize IN OUT TYPE`: the command line, the progress and the summary. Uses quant/mix for the rules and
// engine/io for the files.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/command_line/model_path.hpp"
#include "apps/command_line/suggestion.hpp"
#include "apps/commands.hpp"
#include "apps/files/outputs.hpp"
#include "apps/loops/loop_threads.hpp"
#include "apps/model_options/number_checks.hpp"
#include "apps/quantize/plan.hpp"
#include "apps/quantize/repack.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/output.hpp"
#include "apps/terminal/printable.hpp"
#include "apps/terminal/progress_line.hpp"
#include "engine/base/size_text.hpp"
#include "engine/io/gguf_writer.hpp"
#include "engine/model/profile_file.hpp"
#include "engine/model/score_file.hpp"
#include "kernels/threads.hpp"

namespace brim::apps {
namespace {

struct Arguments {
  std::string input, output, type;
  int threads = 0;
  bool pure = false;
  bool json = false;
};

std::string types_text() {
  std::string text = "Types:\n";
  for (const quant::MixInfo& mix : quant::mixes()) {
    const std::string names =
        std::string(mix.name) + (mix.other_name.empty() ? "" : ", " + std::string(mix.other_name));
    text += fmt::format("  {:<16} {}\n", names, mix.purpose);
  }
  return text;
}

[[noreturn]] void refuse_type(const std::string& type) {
  std::vector<std::string> names;
  for (const quant::MixInfo& mix : quant::mixes()) {
    for (const std::string_view name : {mix.name, mix.other_name}) {
      if (!name.empty()) names.emplace_back(name);
    }
  }
  const std::string suggestion = did_you_mean(type, names);
  throw Failure(2, fmt::format("\"{}\" is not a type to write{}", type,
                               suggestion.empty() ? "; see brim quantize --help" : "." + suggestion));
}

bool of_scores(std::string_view key) { return key.starts_with(model::kScoresKey); }

/// Whether scores that the model carries belong to the weights that will be written: not to other formats' weights.
bool scores_stay(const io::Gguf& model, const QuantizePlan& plan) {
  if (model.find(model::kScoresKey) == nullptr) return true;
  for (std::size_t i = 0; i < plan.choices.size(); ++i) {
    if (plan.choices[i].format != model.tensors()[i].format) return false;
  }
  const auto scores = model::parse_scores(model);
  return scores && scores->fingerprint == unwrap(model::fingerprint(model));
}

/// Whether a profile that the model carries belongs to the weights that will be written.
bool profile_stays(const io::Gguf& model, const QuantizePlan& plan) {
  const io::Value* carried = model.find(model::kProfileKey);
  if (carried == nullptr) return true;
  for (std::size_t i = 0; i < plan.choices.size(); ++i) {
    if (plan.choices[i].format != model.tensors()[i].format) return false;
  }
  const auto profile = model::parse_profile(carried->as_string().value_or(""), "the model's profile");
  return profile && profile->fingerprint == unwrap(model::fingerprint(model));
}

void describe(io::GgufWriter& writer, const io::Gguf& model, const quant::MixInfo& mix, const QuantizePlan& plan,
              bool with_profile, bool with_scores) {
  for (const io::Gguf::Entry& entry : model.metadata()) {
    const bool stale = (entry.key == model::kProfileKey && !with_profile) || (of_scores(entry.key) && !with_scores);
    if (!entry.key.starts_with("split.") && !stale) writer.set(entry.key, entry.value);  // the output is one file
  }
  writer.set_u32("general.quantization_version", 2);  // of ggml's block layouts, which quant/formats uses
  writer.set_u32("general.file_type", mix.file_type);
  for (std::size_t i = 0; i < plan.choices.size(); ++i) {
    const io::Tensor& tensor = model.tensors()[i];
    writer.add_tensor(tensor.name, plan.choices[i].format, {tensor.shape, static_cast<std::size_t>(tensor.dimensions)});
  }
}

void report(const Arguments& arguments, const quant::MixInfo& mix, const QuantizePlan& plan, double seconds) {
  std::map<std::string, int> counts;
  for (const quant::Choice& choice : plan.choices) ++counts[std::string(quant::info(choice.format).name)];
  const double bits =
      plan.values == 0 ? 0 : 8.0 * static_cast<double>(plan.bytes_after) / static_cast<double>(plan.values);
  if (plan.fallbacks > 0) {
    say(fmt::format(
        "note: {} of {} tensors have rows that the blocks of their format do not divide; they got another one",
        plan.fallbacks, plan.choices.size()));
  }
  if (plan.requantized > 0) {
    say(fmt::format("note: {} tensors were quantised already; packing the unquantised model would lose less",
                    plan.requantized));
  }
  if (arguments.json) {
    const nlohmann::ordered_json summary = {
        {"input", arguments.input},        {"output", arguments.output},      {"type", mix.name},
        {"pure", arguments.pure},          {"parameters", plan.values},       {"bytes_before", plan.bytes_before},
        {"bytes_after", plan.bytes_after}, {"bits_per_weight", bits},         {"tensors", counts},
        {"fallbacks", plan.fallbacks},     {"requantized", plan.requantized}, {"seconds", seconds},
    };
    write_output(printable_json(summary.dump(2, ' ', false, nlohmann::json::error_handler_t::replace)) + "\n");
    return;
  }
  std::string formats;
  for (const auto& [name, count] : counts) formats += fmt::format("{}{} {}", formats.empty() ? "" : ", ", count, name);
  write_output(fmt::format("{}: {}, {} → {}, {:.2f} bits a weight ({}) in {:.1f} s\n", printable_line(arguments.output),
                           mix.name, size_text(plan.bytes_before), size_text(plan.bytes_after), bits, formats,
                           seconds));
}

void quantize(const Arguments& arguments) {
  const auto start = std::chrono::steady_clock::now();
  const std::optional<quant::Mix> mix = quant::mix_from_name(arguments.type);
  if (!mix) refuse_type(arguments.type);
  const quant::MixInfo& mix_facts = quant::mixes()[static_cast<std::size_t>(*mix)];
  check_model_path(arguments.input);
  const io::Gguf model = unwrap(io::Gguf::open(arguments.input));
  Outputs files;
  files.reads_model(arguments.input);
  files.writes("OUT", arguments.output);

  const QuantizePlan plan = plan_quantize(model, *mix, arguments.pure);
  io::GgufWriter writer;
  const bool with_profile = profile_stays(model, plan), with_scores = scores_stay(model, plan);
  describe(writer, model, mix_facts, plan, with_profile, with_scores);
  check_file_size(arguments.output, plan.bytes_after);
  catch_interrupts();  // so that the unfinished file is removed
  const InterruptScope scope;
  unwrap_writing(writer.begin(arguments.output));
  Repacker repacker(loop_threads(arguments.threads > 0 ? arguments.threads : kernels::default_threads()));
  ProgressLine progress("Packing", ProgressLine::Unit::bytes, std::chrono::milliseconds(500));
  std::uint64_t done = 0;
  for (std::size_t i = 0; i < plan.choices.size(); ++i) {
    const io::Tensor& tensor = model.tensors()[i];
    const quant::Format format = plan.choices[i].format;
    const Status packed = repacker.repack(model, tensor, format, writer, [&](std::size_t bytes) {
      return progress.advance(static_cast<std::int64_t>(done + bytes), static_cast<std::int64_t>(plan.bytes_before));
    });
    if (!packed && packed.error().code == ErrorCode::bad_file) fail(packed.error());  // what is read is at fault
    unwrap_writing(packed);
    done += tensor.data.size();
  }
  progress.clear();
  unwrap(model.check_unchanged());
  if (interrupted()) throw Stopped();
  unwrap_writing(writer.finish());
  if (!with_profile) {
    say(fmt::format(
        "note: the profile that {} carries is not of the weights that were written, and was left out; brim calibrate "
        "measures them",
        arguments.input));
  }
  if (!with_scores) {
    say(fmt::format(
        "note: the learned scores that {} carries are not of the weights that were written, and were left out; brim "
        "calibrate measures them",
        arguments.input));
  }
  report(arguments, mix_facts, plan, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

}  // namespace

void add_quantize(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("quantize", "Write a model with its weights packed into fewer bits");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("IN", arguments->input, "The model to read, a GGUF file; of a split one the first part")
      ->type_name("FILE")
      ->required();
  command->add_option("OUT", arguments->output, "The GGUF file to write")->type_name("FILE")->required();
  command->add_option("TYPE", arguments->type, "What to pack into, see below; Q4_K_M if unsure")
      ->type_name("")
      ->required();
  command
      ->add_option("-t,--threads", arguments->threads, "Threads (default: the performance cores this process may use)")
      ->type_name("N")
      ->transform(whole_number(1, 1024));
  command->add_flag("--pure", arguments->pure, "All matrices in the one format that TYPE is named after");
  command->add_flag("--json", arguments->json, "Print the summary as JSON");
  command->footer("\n" + types_text() +
                  "\nThe output appears under its name when it is complete; a file of that name is\nreplaced.");
  command->callback([arguments] { quantize(*arguments); });
}

}  // namespace brim::apps
