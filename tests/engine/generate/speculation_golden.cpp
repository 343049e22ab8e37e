// Speculation on models of every architecture and on trained ones: no bit of the logits and no token of a story changes.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/generate/session.hpp"
#include "tests/engine/generate/reading.hpp"
#include "tests/engine/generate/speculating.hpp"
#include "tests/support/shared_data.hpp"

using namespace brim;

namespace {

std::shared_ptr<const model::Model> load(const std::string& path) {
  auto model = model::Model::load(path, {.threads = 3});  // sequences take as many of them as they need
  if (!model) FAIL(model.error().sentence);
  return *model;
}

/// With a rule whose drafts take no more staging than their entries.
run::SequenceOptions options_of(std::int64_t context, kernels::KvType type, double percent) {
  run::SequenceOptions options;
  options.keep = &kv::window_rule();
  options.context = context;
  options.type = type;
  options.budget.kind = kv::BudgetRequest::Kind::percent;
  options.budget.percent = percent;
  return options;
}

}  // namespace

TEST_CASE("every architecture: a text processed a second time after itself, drafted and not") {
  const std::string folder = test::shared_file("golden/arch/llama3.json");
  if (folder.empty()) return;
  for (const char* name : {"llama3", "llama2", "mistral-swa", "mixtral", "qwen2", "qwen3", "gemma2", "gemma3", "phi3",
                           "smollm3", "granite", "qwen3moe", "olmoe"}) {
    CAPTURE(name);
    const std::string base = std::string("golden/arch/") + name;
    const std::vector<std::int32_t> ids = test::read_json(test::shared_file(base + ".json"))["input_ids"];
    std::vector<std::int32_t> answer(ids.begin() + 1, ids.begin() + 60);
    answer.insert(answer.end(), ids.begin() + 10, ids.end());
    const auto model = load(test::shared_file(base + ".gguf"));
    for (const double percent : {100.0, 60.0}) {
      CAPTURE(percent);
      const auto counts = test::read_both_ways(model, options_of(256, kernels::KvType::f16, percent), ids, answer, 2);
      CHECK(counts.accepted > 20);
    }
  }
}

TEST_CASE("trained models: stories are the same, greedy and sampled, in full and small caches") {
  const std::string folder = test::shared_file("models/stories3M-f32.gguf");
  if (folder.empty()) return;
  // The prompt makes the model repeat the text.
  const std::string prompt =
      "Once upon a time, there was a little dog named Max. Max liked to play in the park. Max had a red ball. "
      "One day, Max lost the red ball. Once upon a time, there was a little dog named Max. Max liked to";
  std::int64_t accepted = 0;
  for (const char* name : {"f32", "q8_0", "q4_0", "q4_k_m"}) {
    const auto model = load(test::shared_file(std::string("models/stories3M-") + name + ".gguf"));
    for (const double percent : {100.0, 30.0}) {
      for (const auto type : {kernels::KvType::f16, kernels::KvType::q8_0}) {
        for (const double temperature : {0.0, 0.7}) {
          INFO(name, ", ", percent, " %, temperature ", temperature);
          std::vector<std::int32_t> said[3];
          for (int way = 0; way < 3; ++way) {  // plain; speculation on two threads, always; speculation where it pays
            generate::SessionOptions options;
            options.sequence = options_of(512, type, percent);
            options.sequence.threads = way == 1 ? 2 : 1;
            options.sequence.speculation = {way > 0, 15, way == 1};
            options.sampling.temperature = temperature;
            options.sampling.seed = 5;
            options.ignore_end_tokens = true;
            auto session = generate::Session::create(model, options);
            if (!session) FAIL(session.error().sentence);
            REQUIRE((*session)->append(prompt, {.add_special = true}));
            for (int i = 0; i < 150; ++i) said[way].push_back((*session)->next()->id);
            if (way == 1) accepted += (*session)->timings().accepted_tokens;
          }
          CHECK(said[1] == said[0]);
          CHECK(said[2] == said[0]);
        }
      }
    }
  }
  MESSAGE("drafts that were right: ", accepted, " of ", 150 * 32, " tokens");
  CHECK(accepted > 200);
}
