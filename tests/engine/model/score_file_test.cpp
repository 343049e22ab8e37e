// Files of learned scores: written and read back; bound to their model; every fault is one sentence and never a crash.
#include "engine/model/score_file.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "engine/model/profile_file.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/tiny_model.hpp"

namespace score_file_test {

using brim::ErrorCode;
using brim::io::Gguf;
using brim::io::GgufWriter;
using namespace brim::model;

/// Scores for the layers of a configuration, all numbers different.
ScoreFile scores_for(const Config& config, const std::string& fingerprint) {
  ScoreFile file;
  file.fingerprint = fingerprint;
  file.scores.width = config.embedding;
  float next = 0;
  for (const LayerConfig& layer : config.layers) {
    brim::kv::LayerScores own{layer.kv_heads, 0.5f, {}};
    for (std::int64_t i = 0; i < layer.kv_heads * (config.embedding + 1); ++i) own.weights.push_back(next += 0.125f);
    file.scores.layers.push_back(own);
  }
  file.scores.hash = brim::kv::score_hash(file.scores);
  return file;
}

struct Tiny {
  brim::test::ScratchFolder folder;
  std::string path = folder.path + "/model.gguf", scores = folder.path + "/model.scores";
  Config config;
  std::string print;
  explicit Tiny(const brim::test::TinyModel& shape = {}) {
    brim::test::write_tiny_model(path, shape);
    const auto file = Gguf::open(path);
    REQUIRE(file.ok());
    auto read = read_config(*file);
    REQUIRE(read.ok());
    config = *read;
    print = *fingerprint(*file);
  }
};

/// What is said about a file of scores in which one key was changed.
std::string refusal(const Tiny& tiny, const std::function<void(GgufWriter&)>& change,
                    ErrorCode code = ErrorCode::bad_file) {
  GgufWriter writer;
  set_scores(writer, scores_for(tiny.config, tiny.print));
  change(writer);
  REQUIRE(writer.begin(tiny.scores).ok());
  REQUIRE(writer.finish().ok());
  const auto file = Gguf::open(tiny.scores);
  REQUIRE(file.ok());
  const auto parsed = parse_scores(*file);
  CHECK(!parsed.ok());
  if (parsed.ok()) return {};
  CHECK(parsed.error().code == code);
  CHECK(parsed.error().sentence.find(tiny.scores) == 0);
  CHECK(parsed.error().sentence.find('\n') == std::string::npos);
  return parsed.error().sentence;
}

bool has(const std::string& sentence, const char* text) { return sentence.find(text) != std::string::npos; }

TEST_CASE("scores come back from their file as they were") {
  const Tiny tiny;
  const ScoreFile file = scores_for(tiny.config, tiny.print);
  REQUIRE(write_scores(file, tiny.scores).ok());
  const auto read = read_scores(tiny.scores, tiny.config, tiny.print);
  REQUIRE(read.ok());
  const brim::kv::LearnedScores& back = **read;
  CHECK(back.width == file.scores.width);
  CHECK(back.hash == file.scores.hash);
  REQUIRE(back.layers.size() == file.scores.layers.size());
  for (std::size_t i = 0; i < back.layers.size(); ++i) {
    CHECK(back.layers[i].heads == file.scores.layers[i].heads);
    CHECK(back.layers[i].r2 == 0.5f);
    CHECK(back.layers[i].weights == file.scores.layers[i].weights);
  }
}

TEST_CASE("faults of a file of scores: a sentence that names the file and the key") {
  const Tiny tiny;
  const auto floats = [](GgufWriter& writer, std::string_view key, std::size_t count, float value) {
    writer.set_f32s(key, std::vector<float>(count, value));
  };
  const std::size_t layers = tiny.config.layers.size();
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(has(refusal(tiny, [](GgufWriter& w) { w.remove(kScoresVersionKey); }), "not a file of scores"));
  CHECK(has(refusal(
                tiny, [](GgufWriter& w) { w.set_u32(kScoresVersionKey, 2); }, ErrorCode::unsupported),
            "expected 1, found 2"));
  CHECK(has(refusal(tiny, [](GgufWriter& w) { w.remove(kScoresFingerprintKey); }), "fingerprint"));
  CHECK(has(refusal(tiny, [](GgufWriter& w) { w.set_u32(kScoresWidthKey, 0); }), "width"));
  CHECK(has(refusal(tiny, [](GgufWriter& w) { w.set_u32(kScoresWidthKey, 0xffffffffu); }), "width"));
  CHECK(has(refusal(tiny, [](GgufWriter& w) { w.set_u32(kScoresWidthKey, 3); }), "f32 numbers"));
  CHECK(has(refusal(tiny, [](GgufWriter& w) { w.remove(kScoresHeadsKey); }), "found nothing"));
  CHECK(has(refusal(tiny, [&](GgufWriter& w) { floats(w, kScoresHeadsKey, layers, 1); }), "i32 numbers"));
  CHECK(has(refusal(tiny, [](GgufWriter& w) { w.set_i32s(kScoresHeadsKey, {}); }), "1 to"));
  const std::vector<std::int32_t> negative(layers, -1), many(layers, 1 << 20);
  CHECK(has(refusal(tiny, [&](GgufWriter& w) { w.set_i32s(kScoresHeadsKey, negative); }), "found -1"));
  CHECK(has(refusal(tiny, [&](GgufWriter& w) { w.set_i32s(kScoresHeadsKey, many); }), "found 1048576"));
  CHECK(has(refusal(tiny, [&](GgufWriter& w) { floats(w, kScoresR2Key, layers + 1, 0.5f); }), "r2"));
  CHECK(has(refusal(tiny, [&](GgufWriter& w) { floats(w, kScoresR2Key, layers, 1.5f); }), "at most 1"));
  CHECK(has(refusal(tiny, [&](GgufWriter& w) { floats(w, kScoresR2Key, layers, nan); }), "at most 1"));
  CHECK(has(refusal(tiny, [&](GgufWriter& w) { floats(w, kScoresR2Key, layers, -inf); }), "at most 1"));
  CHECK(has(refusal(tiny, [&](GgufWriter& w) { floats(w, kScoresKey, 7, 0); }), "found 7"));
  std::size_t count = 0;
  for (const brim::kv::LayerScores& layer : scores_for(tiny.config, "").scores.layers) count += layer.weights.size();
  CHECK(has(refusal(tiny, [&](GgufWriter& w) { floats(w, kScoresKey, count, nan); }), "at most 1e+06"));
  CHECK(has(refusal(tiny, [&](GgufWriter& w) { floats(w, kScoresKey, count, 2e6f); }), "at most 1e+06"));
  CHECK(has(refusal(tiny, [](GgufWriter& w) { w.set_string(kScoresKey, "x"); }), "f32 numbers"));
}

TEST_CASE("scores are for one model; a model that carries others goes on without") {
  const Tiny tiny;
  brim::test::TinyModel larger;
  larger.layers += 1;
  const Tiny other(larger);
  REQUIRE(write_scores(scores_for(tiny.config, tiny.print), tiny.scores).ok());
  const auto foreign = read_scores(tiny.scores, other.config, other.print);
  REQUIRE(!foreign.ok());
  CHECK(has(foreign.error().sentence, "another model"));
  CHECK(has(foreign.error().sentence, "--keep-scores"));
  const auto layers = read_scores(tiny.scores, other.config, tiny.print);
  REQUIRE(!layers.ok());
  CHECK(has(layers.error().sentence, "other layers"));
  CHECK(read_scores(tiny.folder.path + "/none", tiny.config, tiny.print).error().code == ErrorCode::io);

  const auto plain = Gguf::open(tiny.path);
  REQUIRE(plain.ok());
  const FoundScores none = carried_scores(*plain, tiny.config, tiny.print);
  CHECK(none.scores == nullptr);
  CHECK(none.notice.empty());
  for (const bool own : {true, false}) {
    brim::test::TinyModel shape;
    shape.change = [&](GgufWriter& writer) {
      set_scores(writer, scores_for(tiny.config, own ? tiny.print : "fnv1a-0"));
    };
    const Tiny carrying(shape);
    CHECK(carrying.print == tiny.print);
    const auto file = Gguf::open(carrying.path);
    REQUIRE(file.ok());
    const FoundScores found = carried_scores(*file, carrying.config, carrying.print);
    CHECK((found.scores != nullptr) == own);
    CHECK(has(found.notice, "going on without scores") == !own);
  }
}

}  // namespace score_file_test
