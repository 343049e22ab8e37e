// Further architectures against recorded logits, the prompt as a whole and in pieces: a float64 reference over one
// random F32 model each (../shared/golden2/arch, whose README gives the tolerances). Keys and values are cached in f32.
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

constexpr const char* kModels[] = {
    "olmo2",      "olmo3",          "exaone4",   "exaone4-swa",    "mistral3",        "qwen2moe",     "granitemoe",
    "glm4",       "glm4moe",        "ernie4_5",  "gemma",          "stablelm",        "ernie4_5-moe", "starcoder2",
    "phi2",       "gptneox",        "seed_oss",  "cohere2",        "bitnet",          "gpt-oss",      "gemma4-e2b",
    "gemma4-31b", "gemma4-26b-a4b", "deepseek2", "deepseek2-lite", "deepseek2-groups"};
constexpr std::size_t kPieces[] = {SIZE_MAX, 1, 7, 16, 512};
constexpr double kLossTolerance = 3e-4;  // of one token

struct Golden {
  explicit Golden(const nlohmann::json& file)
      : input(file["input_ids"]), positions(file["positions"]), run(file["runs"][0]) {
    const nlohmann::json& given = file["tolerance"];
    tolerance = given.contains("vs_ref_logits") ? given["vs_ref_logits"] : given["vs_ref_logits_exact_gelu"];
    logits = read_floats(brim::test::shared_file("golden2/arch/" + run["ref_logits"].get<std::string>()));
  }

  std::vector<std::int32_t> input;
  std::vector<std::size_t> positions;
  nlohmann::json run;
  double tolerance = 0;
  std::vector<float> logits;  // [positions][vocabulary]
};

void check(Reading& reading, const Golden& golden, std::size_t piece) {
  const auto found = reading.read_all(golden.input, piece);
  REQUIRE(found.size() == golden.input.size());
  double worst = 0, worst_loss = 0;
  for (std::size_t row = 0; row < golden.positions.size(); ++row) {
    const std::vector<float>& logits = found[golden.positions[row]];
    for (std::size_t i = 0; i < logits.size(); ++i) {
      worst = std::max(worst, std::abs(double{logits[i]} - double{golden.logits[row * logits.size() + i]}));
    }
  }
  for (std::size_t i = 0; i + 1 < golden.input.size(); ++i) {
    const double loss = brim::test::negative_log_likelihood(found[i], golden.input[i + 1]);
    worst_loss = std::max(worst_loss, std::abs(loss - golden.run["nll_ref64"][i].get<double>()));
  }
  CHECK(worst <= golden.tolerance);
  CHECK(worst_loss <= kLossTolerance);
  const std::vector<std::int32_t> greedy = golden.run["greedy"];
  CHECK(reading.continue_greedily(greedy.size()) == greedy);
}

}  // namespace

TEST_CASE("further architectures give the recorded logits, losses and greedy tokens, in pieces of any size") {
  for (const std::string model : kModels) {
    const std::string path = brim::test::shared_file("golden2/arch/" + model + ".json");
    if (path.empty()) return;
    const Golden golden(read_json(path));
    Reading reading(brim::test::shared_file("golden2/arch/" + model + ".gguf"), golden.run["n_ctx"],
                    brim::kernels::KvType::f32);
    for (const std::size_t piece : kPieces) {
      INFO(model, " in pieces of ", piece);
      check(reading, golden, piece);
    }
  }
}
