// `brim bench`: see README.md. Options and names are those that users of llama-bench know.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

#include "apps/bench/output.hpp"
#include "apps/bench/runner.hpp"
#include "apps/command_line/model_path.hpp"
#include "apps/command_line/values.hpp"
#include "apps/commands.hpp"
#include "apps/model_options/kv_checks.hpp"
#include "apps/model_options/load.hpp"
#include "apps/model_options/number_checks.hpp"
#include "apps/model_options/option_lines.hpp"
#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/output.hpp"

namespace brim::apps {
namespace {

using bench::KvSettings;
using bench::Test;

/// The options as given; lists are still texts with commas.
struct BenchOptions {
  std::vector<std::string> models, prompts{"512"}, generations{"128"}, depths{"0"}, sequences{"1"}, threads,
      weights{"private"};
  std::vector<std::string> kv_types{"f16"}, kv_budgets{"full"}, kv_splits{"uniform"}, kv_keeps{"window"},
      kv_reads{"all"};
  std::int64_t context = 0;
  int repetitions = 5;
  std::string output = "md";
  bool no_warm_up = false, step = false;
};

/// The grid that the lists make, outermost dimension first.
struct Grid {
  std::vector<std::string> models;
  std::vector<std::string> weights;
  std::vector<int> threads;  ///< 0: as many as the engine chooses by default
  std::vector<KvSettings> kv;
  std::vector<std::int64_t> depths;
  std::vector<std::int64_t> sequences;  ///< that generate together; prompts are processed by one
  std::vector<Test> tests;              ///< for each depth
  std::int64_t longest = 0;             ///< tokens of the longest test
  std::int64_t context = 0;             ///< at least this many positions
};

bool is_file(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

/// A path may contain commas, so only text that does not name a file is split into a list.
std::vector<std::string> model_paths(const std::vector<std::string>& given) {
  std::vector<std::string> paths;
  for (const std::string& text : given) {
    const auto words = is_file(text) ? std::vector<std::string>{text} : bench::split_words({text}, "--model");
    paths.insert(paths.end(), words.begin(), words.end());
  }
  for (const std::string& path : paths) {
    check_model_path(path);
  }
  return paths;
}

/// The words of a list, each in the form that `check` requires.
std::vector<std::string> checked_words(const std::vector<std::string>& texts, const char* option,
                                       const CLI::Validator& check) {
  std::vector<std::string> words = bench::split_words(texts, option);
  for (std::string& word : words) {
    if (const std::string wrong = check(word); !wrong.empty()) throw Failure(2, fmt::format("{}: {}", option, wrong));
  }
  return words;
}

Grid grid_of(const BenchOptions& options) {
  constexpr std::int64_t kMax = std::int64_t{1} << 24;
  Grid grid;
  for (const std::int64_t tokens : bench::parse_numbers(options.prompts, "--n-prompt", 0, kMax)) {
    if (tokens > 0) grid.tests.push_back({Test::Kind::prompt, tokens, 0});
  }
  for (const std::int64_t tokens : bench::parse_numbers(options.generations, "--n-gen", 0, kMax)) {
    if (tokens > 0) grid.tests.push_back({Test::Kind::generation, tokens, 0});
  }
  if (grid.tests.empty()) throw Failure(2, "there is nothing to measure: both -p and -n are 0");
  for (const Test& test : grid.tests) grid.longest = std::max(grid.longest, test.tokens);
  grid.weights = checked_words(options.weights, "--weights", one_of({"private", "shared", "file"}));
  grid.depths = bench::parse_numbers(options.depths, "--n-depth", 0, kMax);
  grid.sequences = bench::parse_numbers(options.sequences, "--sequences", 1, 256);
  grid.threads = {0};
  if (!options.threads.empty()) {
    const auto given = bench::parse_numbers(options.threads, "--threads", 1, 512);
    grid.threads.assign(given.begin(), given.end());
  }
  for (const std::string& type : checked_words(options.kv_types, "--kv-type", kv_type_check())) {
    for (const std::string& budget : bench::split_words(options.kv_budgets, "--kv-budget")) {
      for (const std::string& split : checked_words(options.kv_splits, "--kv-split", kv_split_check())) {
        for (const std::string& keep : checked_words(options.kv_keeps, "--kv-keep", kv_keep_check())) {
          for (const std::string& read : bench::split_words(options.kv_reads, "--kv-read")) {
            grid.kv.push_back({type, budget, split, keep, read});
          }
        }
      }
    }
  }
  grid.context = options.context;
  grid.models = model_paths(options.models);
  return grid;
}

bench::Row row_of(const std::string& path, const brim_model_info& info) {
  bench::Row row;
  row.file = path;
  row.model = info.name;
  row.quantisation = info.quantisation;
  row.parameters = info.parameters;
  row.weight_bytes = info.weight_bytes;
  row.threads = info.threads;
  row.layer_weights = info.layer_weights;
  row.output_weights = info.output_weights;
  row.token_bytes = info.token_bytes;
  return row;
}

/// Runs all tests of one model that is loaded in one way. Returns false when the run must end.
bool measure_model(const Grid& grid, const std::string& path, const GivenOptions& given,
                   const bench::Repetitions& repetitions, const std::function<void(const bench::Row&)>& add) {
  bench::PeakMemory memory;
  const auto start = std::chrono::steady_clock::now();
  const Model model = load_model({.path = path}, given);
  bench::Row row = row_of(path, model.info());
  row.weights = given.value("weights");
  row.load_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  bench::Peaks peaks(row.threads);
  const bool generates = std::any_of(grid.tests.begin(), grid.tests.end(),
                                     [](const Test& test) { return test.kind == Test::Kind::generation; });
  for (const KvSettings& kv : grid.kv) {
    for (const std::int64_t depth : grid.depths) {
      for (const std::int64_t& sequences : grid.sequences) {
        const bool first = &sequences == &grid.sequences.front();
        if (!first && !generates) break;
        const std::int64_t needed = depth + grid.longest + (sequences > 1 ? 2 : 1);
        const std::int64_t context = std::max(grid.context, needed);
        bench::Runner runner(model, {kv, depth, context, sequences}, row, memory, peaks);
        for (Test test : grid.tests) {
          const bool prompt = test.kind == Test::Kind::prompt;
          if (prompt && !first) continue;
          test.depth = depth;
          test.sequences = prompt ? 1 : sequences;
          if (!runner.run(test, repetitions, add)) return false;
        }
      }
    }
  }
  return true;
}

void measure(const BenchOptions& options) {
  if (options.step && options.output != "jsonl") throw Failure(2, "--step needs -o jsonl");
  const Grid grid = grid_of(options);
  bench::Repetitions repetitions;
  repetitions.count = options.repetitions;
  repetitions.warm_up = !options.no_warm_up;
  if (options.step) {
    repetitions.wait = [] {
      std::string line;
      return static_cast<bool>(std::getline(std::cin, line));
    };
  }
  catch_interrupts();
  const std::unique_ptr<bench::Output> output = bench::make_output(options.output);
  const auto add = [&](const bench::Row& row) { output->add(bench::to_json(row)); };
  try {
    bool going_on = true;
    for (const std::string& path : grid.models) {
      for (const std::string& where : grid.weights) {
        for (const int threads : grid.threads) {
          GivenOptions given;
          given.add("weights", where);
          if (threads > 0) given.add("threads", fmt::format("{}", threads));
          going_on = going_on && measure_model(grid, path, given, repetitions, add);
        }
      }
    }
  } catch (...) {
    output->finish();  // what was measured before a failure or Ctrl-C is not lost
    throw;
  }
  output->finish();
}

}  // namespace

void add_bench(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("bench", "Measure how fast a model reads and writes on this machine");
  const auto options = std::make_shared<BenchOptions>();
  const auto list = [&](const std::string& flags, std::vector<std::string>& values, const std::string& type,
                        const char* group, const std::string& help) {
    return command->add_option(flags, values, help)
        ->type_name(type)
        ->expected(1, 1 << 20)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->group(group);
  };
  list("-m,--model", options->models, "FILE", "Grid", "Models: GGUF files (of a split one, the first)")->required();
  list("-p,--n-prompt", options->prompts, "N", "Grid", "Tokens of a prompt to read; 0: none (default: 512)");
  list("-n,--n-gen", options->generations, "N", "Grid", "Tokens to generate; 0: none (default: 128)");
  list("-d,--n-depth", options->depths, "N", "Grid", "Tokens in the cache before a test begins (default: 0)");
  list("--sequences", options->sequences, "N", "Grid",
       "Sequences that generate together, each -n tokens after -d of its own (default: 1)");
  const auto engine_list = [&](const char* key, std::vector<std::string>& values, const std::string& help) {
    list(flags_of(key), values, value_name_of(key), "Grid", help);
  };
  engine_list("threads", options->threads, help_of("threads"));
  engine_list(
      "weights", options->weights,
      "Repacked weights in private memory (default) or in a shared cache file, or read in place in the model's file");
  command
      ->add_option(flags_of("context"), options->context,
                   "Context length in tokens, where it is to be more than the tests need")
      ->type_name(value_name_of("context"))
      ->transform(context_length(1))
      ->group("Grid");
  engine_list("kv.type", options->kv_types, help_of("kv.type"));
  engine_list("kv.budget", options->kv_budgets,
              "Limit for the KV cache: full (default), a size (64MiB), or a share of what depth and test need (20%)");
  engine_list("kv.split", options->kv_splits, help_of("kv.split", "uniform"));
  engine_list("kv.keep", options->kv_keeps, help_of("kv.keep"));
  engine_list("kv.read", options->kv_reads, help_of("kv.read"));
  command->add_option("-r,--repetitions", options->repetitions, "How often each test runs; medians are shown")
      ->type_name("N")
      ->capture_default_str()
      ->transform(whole_number(1, 1000))
      ->group("Work");
  command->add_flag("--no-warmup", options->no_warm_up, "Leave out the run before the first that counts")
      ->group("Work");
  command
      ->add_flag(
          "--step", options->step,
          "Wait for a line on standard input before each repetition and print each one's row (with -o jsonl); the "
          "end of input ends the run")
      ->group("Work");
  command->add_option("-o,--output", options->output, "md (a table), csv, json or jsonl")
      ->type_name("FORMAT")
      ->capture_default_str()
      ->check(one_of({"md", "csv", "json", "jsonl"}))
      ->group("Work");
  command->footer(
      "\nSeveral values, with commas or by giving an option again, make a grid. Its rows\n"
      "are tests: pp512 (reading 512 tokens), tg128 (generating 128), tg128@d4096 (with\n"
      "4096 in the cache before), tg64x8 (8 sequences, each generating 64, together).\n"
      "docs/benchmarking.md explains the columns.\n"
      "\nExamples:\n"
      "  brim bench model.gguf\n"
      "  brim bench model.gguf -p 0 -n 128 -d 0,4096,16384 -t 1,2\n"
      "  brim bench model.gguf --kv-type f16,q8_0 -d 4096 -o csv");
  command->callback([options] { run_command([&] { measure(*options); }); });
}

}  // namespace brim::apps
