// Every architecture against recorded logits: a float64 reference and llama.cpp, over one random F32 model each
// (../shared/golden/arch, whose README gives the tolerances). Keys and values are cached in f32.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/engine/generate/reading.hpp"
#include "tests/support/shared_data.hpp"

namespace {

using brim::test::read_floats;
using brim::test::read_json;
using brim::test::Reading;

constexpr const char* kModels[] = {"llama3", "llama2", "mistral-swa", "mixtral", "qwen2",    "qwen3", "gemma2",
                                   "gemma3", "phi3",   "smollm3",     "granite", "qwen3moe", "olmoe"};

// Processes the input and compares logits, losses and the greedy continuation of one recorded run.
void check_run(const std::string& model, const nlohmann::json& golden, const nlohmann::json& run) {
  const std::vector<std::int32_t> input = golden["input_ids"];
  const std::size_t vocabulary = golden["n_vocab"];
  Reading reading(brim::test::shared_file("golden/arch/" + model + ".gguf"), run["n_ctx"], brim::kernels::KvType::f32);
  const auto logits = reading.read_all(input);

  const auto reference = read_floats(brim::test::shared_file("golden/arch/" + run["ref_logits"].get<std::string>()));
  std::size_t row = 0;
  for (const std::size_t position : golden["positions"]) {
    double worst = 0;
    for (std::size_t i = 0; i < vocabulary; ++i) {
      worst = std::max(worst, std::abs(double{logits[position][i]} - reference[row * vocabulary + i]));
    }
    INFO("position ", position);
    CHECK(worst <= 2e-4);
    ++row;
  }

  double mean = 0;
  for (std::size_t i = 0; i + 1 < input.size(); ++i) {
    const double loss = brim::test::negative_log_likelihood(logits[i], input[i + 1]);
    mean += loss / static_cast<double>(input.size() - 1);
  }
  double recorded = 0;
  for (const double loss : run["nll_ref64"]) recorded += loss / static_cast<double>(input.size() - 1);
  CHECK(std::abs(mean - recorded) <= 1e-4);

  const std::vector<std::int32_t> greedy = run["greedy"];
  CHECK(reading.continue_greedily(greedy.size()) == greedy);
}

}  // namespace

TEST_CASE("every architecture gives the recorded logits and greedy tokens") {
  for (const std::string model : kModels) {
    const std::string path = brim::test::shared_file("golden/arch/" + model + ".json");
    if (path.empty()) return;
    const nlohmann::json golden = read_json(path);
    for (const nlohmann::json& run : golden["runs"]) {
      // Brim honours the window that llama.cpp ignores for this architecture: only the windowed run applies.
      if (model == "mistral-swa" && run["ref_logits"].get<std::string>().find(".swa.") == std::string::npos) continue;
      INFO(model, " at context ", run["n_ctx"].get<int>());
      check_run(model, golden, run);
    }
  }
}
