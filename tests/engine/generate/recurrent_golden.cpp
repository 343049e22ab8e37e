// Architectures whose layers keep a state of fixed size, against recorded logits of a float64 reference and llama.cpp
// (../shared/golden2/arch, whose README gives the tolerances), in pieces of any size. Keys and values are cached in f32.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/model/layers/mixer.hpp"
#include "tests/engine/generate/reading.hpp"
#include "tests/support/shared_data.hpp"

namespace {

using namespace brim;
using test::Reading;
using Rows = std::vector<std::vector<float>>;

constexpr const char* kModels[] = {"lfm2",          "lfm2moe",           "qwen35",    "qwen35-mtp",
                                   "qwen35moe",     "qwen35moe-fused",   "qwen3next", "qwen3next-legacy",
                                   "granitehybrid", "granitehybrid-moe", "mamba2",    "falcon-h1",
                                   "nemotron_h",    "nemotron_h_moe"};

std::string file_of(const std::string& name) { return test::shared_file("golden2/arch/" + name); }

/// The largest difference between the losses of the tokens and the recorded ones, and that of the means.
struct LossDifference {
  LossDifference(const Rows& logits, std::span<const std::int32_t> ids, const std::vector<double>& recorded) {
    double sum = 0;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      const double difference = test::negative_log_likelihood(logits[i], ids[i + 1]) - recorded[i];
      worst = std::max(worst, std::abs(difference));
      sum += difference;
    }
    mean = std::abs(sum / static_cast<double>(recorded.size()));
  }
  double worst = 0, mean = 0;
};

void check_logits(const nlohmann::json& golden, const Rows& logits) {
  const nlohmann::json& run = golden["runs"][0];
  const std::size_t vocabulary = golden["n_vocab"];
  for (const char* name : {"ref_logits", "logits"}) {
    const auto reference = test::read_floats(file_of(run[name].get<std::string>()));
    const double tolerance = golden["tolerance"][std::string("vs_") + name];
    std::size_t row = 0;
    for (const std::size_t position : golden["positions"]) {
      double worst = 0;
      for (std::size_t i = 0; i < vocabulary; ++i) {
        worst = std::max(worst, std::abs(double{logits[position][i]} - reference[row * vocabulary + i]));
      }
      INFO(name, " at position ", position);
      CHECK(worst <= tolerance);
      ++row;
    }
  }
}

void check_model(const std::string& name) {
  const nlohmann::json golden = test::read_json(file_of(name + ".json"));
  const nlohmann::json& run = golden["runs"][0];
  const std::vector<std::int32_t> input = golden["input_ids"];
  Reading reading(file_of(name + ".gguf"), run["n_ctx"], kernels::KvType::f32);
  const Rows whole = reading.read_all(input);
  check_logits(golden, whole);
  CHECK(LossDifference(whole, input, run["nll_ref64"].get<std::vector<double>>()).worst <= 3e-4);
  const std::vector<std::int32_t> greedy = run["greedy"];
  CHECK(reading.continue_greedily(greedy.size()) == greedy);
  constexpr std::size_t kPieces[] = {1, 7, 16};
  for (const std::size_t piece : kPieces) {
    INFO("pieces of ", piece);
    const Rows pieces = reading.read_all(input, piece);
    check_logits(golden, pieces);
    // A recurrence in blocks rounds otherwise where blocks are cut otherwise.
    if (model::block_tokens(reading.sequence().model().config()) == 0) CHECK(pieces == whole);
  }
  Reading alone(file_of(name + ".gguf"), run["n_ctx"], kernels::KvType::f32, 1);
  CHECK(alone.read_all(input) == whole);

  if (!golden.contains("long")) return;
  const nlohmann::json& text = golden["long"];
  const std::vector<std::int32_t> ids = text["input_ids"];
  Reading longer(file_of(name + ".gguf"), 2048, kernels::KvType::f32);  // room for chunks of 512
  const Rows logits = longer.read_all(ids);
  const std::vector<double> recorded = text["nll_ref64"];
  const LossDifference difference(logits, ids, recorded);
  MESSAGE(name, ": 700 tokens, worst loss off by ", difference.worst, ", mean by ", difference.mean);
  CHECK(difference.worst <= 5e-4);
  CHECK(difference.mean <= 1e-4);
  const LossDifference in_pieces(longer.read_all(ids, 16), ids, recorded);
  CHECK(in_pieces.worst <= 5e-4);
  CHECK(in_pieces.mean <= 1e-4);
}

}  // namespace

TEST_CASE("architectures with states give the recorded logits, losses and greedy tokens, in any pieces") {
  for (const std::string name : kModels) {
    if (file_of(name + ".json").empty()) return;
    INFO(name);
    check_model(name);
  }
}
