// Facts in a text that is processed as a document, against the same bytes under `window`, on the demo model. Small numbers:
// `brim eval --suite kv --arms uniform+document` measures, this only notices that looks stopped finding what is asked for.
#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "engine/model/model.hpp"
#include "research/kv_suite/recall.hpp"

namespace {

using namespace brim;
using namespace brim::apps;

/// Plain sentences, each unlike the others.
std::string plain_text() {
  const char* const who[] = {"The old man",   "A young girl", "The teacher", "My brother", "The sailor",
                             "A small dog",   "The farmer",   "Her sister",  "The doctor", "The king",
                             "A poor writer", "The captain",  "His friend"};
  const char* const did[] = {"walked along", "looked at", "talked about", "came back from", "thought of",
                             "went to",      "lived by",  "played in",    "remembered",     "painted"};
  const char* const what[] = {"the river", "the forest", "the garden", "the market", "the mountain", "the lake",
                              "the road",  "the castle", "the island", "the valley", "the bridge"};
  const char* const when[] = {"in the morning", "last night",  "after the rain", "before dinner",
                              "in the summer",  "that winter", "every evening"};
  std::string text;
  for (int i = 0; i < 1200; ++i) {
    text += std::string(who[i * 7 % 13]) + " " + did[i * 3 % 10] + " " + what[i * 5 % 11] + " " +
            when[(i / 3 + i) % 7] + ". ";
  }
  return text;
}

}  // namespace

TEST_CASE("a document's facts are found at least as often as under window with the same quotas") {
  const std::string path = std::string(BRIM_SOURCE_DIR) + "/models/brim-demo.gguf";
  if (!std::filesystem::exists(path)) {
    MESSAGE("skipped: there is no trained model");
    return;
  }
  const auto model = model::Model::load(path, {.threads = 2});
  REQUIRE(model.ok());
  const auto documents = make_recall_documents(**model, {plain_text()}, 1500, 16);
  REQUIRE(documents.ok());
  REQUIRE(!documents->empty());
  double found[2] = {0, 0};
  for (const bool replays : {false, true}) {
    run::SequenceOptions options;
    options.threads = 2;
    options.context = 2048;
    options.keep = replays ? &kv::distinct_rule() : &kv::window_rule();
    options.quotas.assign((*model)->config().layers.size(), 384);  // a quarter of the text
    options.chunk = 64;
    options.profile = std::make_shared<const kv::Profile>();
    const auto sequence = run::Sequence::create(*model, options);
    if (!sequence) FAIL(sequence.error().sentence);
    for (const RecallDocument& document : *documents) {
      const auto shares = measure_recall(
          **sequence, document, 64, [] { return true; }, replays);
      if (!shares) FAIL(shares.error().sentence);
      found[replays] += std::accumulate(shares->begin(), shares->end(), 0.0);
      CHECK((*sequence)->cache().bytes_peak() <= (*sequence)->memory().kv.budget_bytes);
      CHECK(((*sequence)->looked_streams() > 0) == replays);
    }
  }
  MESSAGE("found under window: ", found[0], ", as documents: ", found[1], ", of 16");
  CHECK(found[1] >= found[0]);
}
