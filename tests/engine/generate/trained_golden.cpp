// A trained model (stories3M) in four files: per-token losses over its own stories and greedy continuations, against
// llama.cpp and a float64 reference (../shared/golden/trained).
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/engine/generate/reading.hpp"
#include "tests/support/shared_data.hpp"

namespace {

// Losses of ids[1..] given what comes before, windows of 256 each from an empty context: [BOS] + 255 ids.
std::vector<double> window_losses(brim::test::Reading& reading, const std::vector<std::int32_t>& ids) {
  std::vector<double> losses;
  for (std::size_t first = 0; first < ids.size(); first += 255) {
    std::vector<std::int32_t> window{1};
    window.insert(window.end(), ids.begin() + static_cast<std::ptrdiff_t>(first),
                  ids.begin() + static_cast<std::ptrdiff_t>(std::min(first + 255, ids.size())));
    const auto logits = reading.read_all(window);
    for (std::size_t i = 0; i + 1 < window.size(); ++i) {
      losses.push_back(brim::test::negative_log_likelihood(logits[i], window[i + 1]));
    }
  }
  return losses;
}

}  // namespace

TEST_CASE("stories3M gives the recorded losses and greedy stories") {
  const std::string path = brim::test::shared_file("golden/trained/manifest.json");
  if (path.empty()) return;
  const nlohmann::json manifest = brim::test::read_json(path);
  const nlohmann::json texts = brim::test::read_json(brim::test::shared_file("golden/trained/eval_ids.json"));
  for (const nlohmann::json& run : manifest["runs"]) {
    const std::string name = run["model"];
    const bool exact = name == "stories3M-f32.gguf";
    INFO(name);
    brim::test::Reading reading(brim::test::shared_file("models/" + name), 512, brim::kernels::KvType::f32);

    const auto reference =
        brim::test::read_floats(brim::test::shared_file("golden/trained/" + run["nll_ref64"].get<std::string>()));
    const auto losses = window_losses(reading, texts["text_token_ids"]);
    REQUIRE(losses.size() == reference.size());
    double mean = 0, worst = 0;
    for (std::size_t i = 0; i < losses.size(); ++i) {
      mean += losses[i] / static_cast<double>(losses.size());
      worst = std::max(worst, std::abs(losses[i] - reference[i]));
    }
    MESSAGE(name, ": mean NLL ", mean, ", reference ", run["mean_nll_ref64"].get<double>(), ", worst token off by ",
            worst);
    CHECK(std::abs(mean - run["mean_nll_ref64"].get<double>()) <= (exact ? 1e-4 : 0.01));
    if (exact) CHECK(worst <= 1e-4);

    for (const nlohmann::json& story : run["greedy"]) {
      INFO(story["prompt"].get<std::string>());
      const std::vector<std::int32_t> prompt = story["prompt_ids"], recorded = story["tokens"];
      const std::size_t certain = exact ? recorded.size() : story["agree_with_ref64_prefix"].get<std::size_t>();
      reading.read_all(prompt);
      const auto tokens = reading.continue_greedily(certain);
      const auto parted = std::mismatch(tokens.begin(), tokens.end(), recorded.begin()).first - tokens.begin();
      if (parted < static_cast<std::ptrdiff_t>(certain)) {
        const double margin = story["margins"][static_cast<std::size_t>(parted)];
        FAIL_CHECK("token ", parted, " of ", certain, " differs, where the recorded margin is ", margin);
      }
    }
  }
}
