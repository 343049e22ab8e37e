// Every weight format in a whole model: logits against a float64 reference on the same dequantised weights
// (../shared/golden/quant/model, ../shared/golden2/quant/model). Instruction sets that quantise activations get the
// tolerance of 8-bit activations; gemm in bf16 gets its own, tighter tolerance: measured rms 0.0085 to 0.0142 over all
// formats.
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kernels/dispatch.hpp"
#include "quant/format.hpp"
#include "tests/engine/generate/reading.hpp"
#include "tests/support/shared_data.hpp"

namespace {

constexpr const char* kFormats[] = {"f16",  "bf16", "q4_0", "q4_1", "q5_0", "q5_1",   "q8_0",
                                    "q2_K", "q3_K", "q4_K", "q5_K", "q6_K", "iq4_nl", "iq4_xs"};
/// Of the second round: the reference is llama.cpp on the dequantised weights, and values lie in `runs`.
constexpr const char* kLaterFormats[] = {"mxfp4", "tq2_0", "iq2_xs", "iq3_xxs", "iq3_s"};

std::size_t index_of(const std::string& name) {
  const auto format = brim::quant::format_from_name(name);
  REQUIRE(format);
  return static_cast<std::size_t>(*format);
}

bool float_activations(const std::string& name) {
  return brim::kernels::active().activation[index_of(name)] == brim::kernels::Activation::f32;
}

/// Whether the instruction set multiplies more than sixteen tokens by this format in bf16.
bool many_in_bf16(const std::string& name) { return brim::kernels::active().panel_gemm[index_of(name)] != nullptr; }

/// What is compared, wherever a round of golden data has it.
struct Golden {
  std::string model;
  std::int64_t context;
  std::vector<std::int32_t> input;
  std::vector<std::size_t> positions;
  std::vector<float> reference;
  double mean_nll;
};

Golden read_golden(const std::string& folder, const std::string& format, const nlohmann::json& json) {
  const bool first_round = json.contains("ref_logits");
  const nlohmann::json& run = first_round ? json : json["runs"][0];
  return {brim::test::shared_file(folder + "llama-" + format + ".gguf"),
          json.value("n_ctx", std::int64_t{256}),
          json["input_ids"],
          json["positions"],
          brim::test::read_floats(brim::test::shared_file(folder + run["ref_logits"].get<std::string>())),
          run[first_round ? "mean_nll_ref64" : "mean_nll_ref"]};
}

void compare(const std::string& folder, const std::string& format) {
  const std::string path = brim::test::shared_file(folder + "llama-" + format + ".json");
  if (path.empty()) return;
  const Golden golden = read_golden(folder, format, brim::test::read_json(path));
  INFO(format);
  brim::test::Reading reading(golden.model, golden.context, brim::kernels::KvType::f32);
  const std::vector<std::int32_t>& input = golden.input;
  const auto logits = reading.read_all(input);

  const std::vector<float>& reference = golden.reference;
  double worst = 0, squares = 0;
  std::size_t at = 0;
  for (const std::size_t position : golden.positions) {
    for (const float logit : logits[position]) {
      const double difference = std::abs(double{logit} - reference[at++]);
      worst = std::max(worst, difference);
      squares += difference * difference;
    }
  }
  double mean = 0;
  for (std::size_t i = 0; i + 1 < input.size(); ++i) {
    mean += brim::test::negative_log_likelihood(logits[i], input[i + 1]) / static_cast<double>(input.size() - 1);
  }
  const double rms = std::sqrt(squares / static_cast<double>(at));
  MESSAGE(format, ": rms ", rms, ", worst ", worst, ", mean NLL off by ", std::abs(mean - golden.mean_nll));
  if (many_in_bf16(format)) {
    CHECK(rms <= 0.03);
  } else if (float_activations(format)) {
    CHECK(worst <= 1e-3);
  } else {
    CHECK(rms <= 0.08);
  }
  CHECK(std::abs(mean - golden.mean_nll) <= 0.03);
}

}  // namespace

TEST_CASE("a model in every format gives the recorded logits") {
  for (const char* format : kFormats) compare("golden/quant/model/", format);
  for (const char* format : kLaterFormats) compare("golden2/quant/model/", format);
}
