// Broken model files (../shared/golden/malformed) through everything that loads them: what must be refused is refused
// in one sentence, and a model that loads also processes a prompt and decodes a few tokens without harm.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/engine/generate/reading.hpp"
#include "tests/support/shared_data.hpp"

using namespace brim;

TEST_CASE("malformed models are refused, or run, as the manifest says") {
  const std::string manifest = test::shared_file("golden/malformed/manifest.json");
  if (manifest.empty()) return;
  for (const nlohmann::json& entry : test::read_json(manifest)) {
    const std::string file = entry["file"], expect = entry["expect"];
    INFO(file, ": ", entry["desc"].get<std::string>());
    const auto model = model::Model::load(test::shared_file("golden/malformed/" + file));
    if (!model) {
      INFO(model.error().sentence);
      CHECK(expect != "accept");
      CHECK(model.error().sentence.find(file) != std::string::npos);
      CHECK(model.error().sentence.find('\n') == std::string::npos);
      continue;
    }
    CHECK(expect != "reject");
    run::SequenceOptions options;
    options.threads = 1;
    auto sequence = run::Sequence::create(*model, options);
    REQUIRE(sequence);
    const std::int32_t ids[] = {1, 5, 6, 7};
    CHECK((*sequence)->read(ids, {}, nullptr));
    for (int step = 0; step < 4; ++step) {
      CHECK((*sequence)->logits());
      CHECK((*sequence)->read(std::span(ids).first(1), {}, nullptr));
    }
  }
}
