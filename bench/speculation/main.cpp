// `bench_speculation MODEL`: see README.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "engine/model/vocabulary.hpp"
#include "engine/run/sequence.hpp"
#include "kernels/threads.hpp"

namespace brim::bench {
namespace {

using Ids = std::vector<std::int32_t>;

struct Arguments {
  std::string model, tokenizer, text = "code_edit", budget = "full";
  int threads = 0, repetitions = 5, draft_max = 15;
};

/// How the answer is processed: without speculation, with speculation where it pays, with as much speculation as
/// possible.
constexpr std::array<const char*, 3> kWays{"none", "ngram", "ngram, always 15"};

struct Run {
  double seconds = 0;
  std::int64_t passes = 0, drafted = 0, accepted = 0;
};

template <class T>
T unwrap(Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "bench_speculation: {}\n", result.error().sentence);
  std::exit(1);
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    fmt::print(stderr, "bench_speculation: {} cannot be opened\n", path);
    std::exit(1);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

Ids encode(const text::Tokenizer& tokenizer, const std::string& name, std::int64_t vocabulary, bool first) {
  text::EncodeOptions options;
  options.add_special = first;
  options.continues = !first;
  Ids ids = unwrap(tokenizer.encode(content(std::string(BRIM_TEXTS) + "/" + name), options));
  // Any id is good enough for measuring speed, as long as different tokens stay different.
  for (std::int32_t& id : ids) id %= static_cast<std::int32_t>(vocabulary);
  return ids;
}

/// Processes the prompt, then the answer token by token, with logits after each token as when generating an answer.
Run measure(run::Sequence& sequence, const Ids& prompt, const Ids& answer) {
  sequence.clear();
  Run run;
  if (const Status status = sequence.read(prompt, {}, nullptr); !status) unwrap<int>(status.error());
  const run::SpeculationCounts before = sequence.speculation();
  const auto start = std::chrono::steady_clock::now();
  for (const std::int32_t id : answer) {
    if (const Status status = sequence.read_next(id, nullptr); !status) unwrap<int>(status.error());
    unwrap(sequence.logits());
  }
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  run.drafted = sequence.speculation().drafted - before.drafted;
  run.accepted = sequence.speculation().accepted - before.accepted;
  run.passes = static_cast<std::int64_t>(answer.size()) - run.accepted;
  return run;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void compare(const Arguments& arguments) {
  const int threads = arguments.threads > 0 ? arguments.threads : kernels::default_threads();
  model::LoadOptions how;
  how.threads = threads;
  const auto model = unwrap(model::Model::load(arguments.model, how));
  const text::Tokenizer* tokenizer = &model->tokenizer();
  std::optional<text::Tokenizer> other;
  if (!arguments.tokenizer.empty()) {
    const io::Gguf words = unwrap(io::Gguf::open(arguments.tokenizer));
    other = unwrap(text::Tokenizer::create(unwrap(model::read_vocabulary(words))));
    tokenizer = &*other;
  }
  const Ids prompt = encode(*tokenizer, arguments.text + ".prompt.txt", model->config().vocabulary, true);
  const Ids answer = encode(*tokenizer, arguments.text + ".answer.txt", model->config().vocabulary, false);

  run::SequenceOptions options;
  options.context = static_cast<std::int64_t>(prompt.size() + answer.size());
  options.budget = unwrap(kv::parse_budget(arguments.budget));
  options.threads = threads;
  std::array<std::vector<double>, kWays.size()> rates, ratios;
  std::array<Run, kWays.size()> last;
  for (int repetition = 0; repetition < arguments.repetitions; ++repetition) {
    for (std::size_t way = 0; way < kWays.size(); ++way) {
      // A new sequence each time: speculation starts without any history, as in a new session.
      options.speculation = {way > 0, arguments.draft_max, way == 2};
      const auto sequence = unwrap(run::Sequence::create(model, options));
      last[way] = measure(*sequence, prompt, answer);
      rates[way].push_back(static_cast<double>(answer.size()) / last[way].seconds);
      ratios[way].push_back(rates[way].back() / rates[0].back());
    }
  }
  fmt::print("{} · {} · prompt {} tokens, answer {} · {} threads · {} runs in turn\n\n", model->config().name,
             arguments.text, prompt.size(), answer.size(), threads, arguments.repetitions);
  fmt::print(
      "| --spec-type | tok/s | ratio (median of runs) | least, most | tokens a pass | drafted | right |\n"
      "|---|---|---|---|---|---|---|\n");
  for (std::size_t way = 0; way < kWays.size(); ++way) {
    const auto [min, max] = std::minmax_element(ratios[way].begin(), ratios[way].end());
    const Run& run = last[way];
    fmt::print("| {} | {:.1f} | {:.2f} | {:.2f}, {:.2f} | {:.2f} | {} | {:.0f} % |\n", kWays[way], median(rates[way]),
               median(ratios[way]), *min, *max, static_cast<double>(answer.size()) / static_cast<double>(run.passes),
               run.drafted,
               run.drafted > 0 ? 100.0 * static_cast<double>(run.accepted) / static_cast<double>(run.drafted) : 0.0);
  }
}

}  // namespace
}  // namespace brim::bench

int main(int argc, char** argv) {
  brim::bench::Arguments arguments;
  CLI::App app{"What speculation is worth on a text whose continuation is known."};
  app.add_option("MODEL", arguments.model, "a GGUF file; random weights will do")->required();
  app.add_option("--text", arguments.text, "the pair in bench/speculation/texts")->capture_default_str();
  app.add_option("--tokenizer", arguments.tokenizer, "a GGUF file whose vocabulary cuts the text (default: MODEL's)");
  app.add_option("--kv-budget", arguments.budget, "as for brim run")->capture_default_str();
  app.add_option("-t,--threads", arguments.threads, "default: as for brim run")->check(CLI::Range(1, 512));
  app.add_option("-r,--repetitions", arguments.repetitions, "runs of each kind")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--draft-max", arguments.draft_max, "as for brim run")
      ->capture_default_str()
      ->check(CLI::Range(1, 15));
  CLI11_PARSE(app, argc, argv);
  brim::bench::compare(arguments);
  return 0;
}
