// Rule learned through a whole model: scores follow from attention's input and from nothing else, neither threads nor
// pieces nor other sequences nor drafts change a bit, and without scores the rule is refused.
#include <doctest/doctest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/generate/session.hpp"
#include "tests/engine/generate/cached.hpp"
#include "tests/engine/generate/scored.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/support/noting_rule.hpp"
#include "tests/support/saved_bytes.hpp"

namespace learned_sequences_test {

using namespace brim;
using run::Sequence;
using test::cache_of;
using test::go_on;
using test::read;

TEST_CASE("one thread and several give the same bits under learned, far beyond the context, with every split") {
  const auto model = test::tiny_model();
  const auto ids = test::some_ids(500);
  for (const bool moving : {false, true}) {
    for (const char* type : {"f32", "q8_0:q4_0"}) {
      for (const auto heads : {kv::HeadSelection::together, kv::HeadSelection::apart}) {
        const kv::Split* split = moving ? &kv::zigzag_split() : &kv::uniform_split();
        std::vector<std::unique_ptr<Sequence>> both;
        for (const int threads : {1, 3}) {
          auto options = test::scored_options(model->config(), "60%", threads, split);
          options.type = *kernels::parse_kv_types(type);
          options.heads = heads;
          both.push_back(test::open_sequence(model, options));
          read(*both.back(), std::span(ids).first(430));
          go_on(*both.back(), std::span(ids).subspan(430));
        }
        CHECK(both[0]->memory().kv.scores_entries());
        CHECK(both[0]->cache().evicted() > 0);
        CHECK(both[0]->cache().rebased() > 0);
        CHECK(both[0]->cache().bytes_peak() <= both[0]->memory().kv.budget_bytes);
        CHECK(test::same_state(*both[0], *both[1]));
        CHECK(cache_of(*both[0]) == cache_of(*both[1]));
      }
    }
  }
}

TEST_CASE("scores are dot products with what attention gets in, whatever the pieces") {
  // In a model of one layer what the rule notes are the scores of layer 0.
  test::TinyModel shape;
  shape.layers = 1;
  const auto model = test::tiny_model(shape);
  const auto ids = test::some_ids(150);
  const std::size_t width = static_cast<std::size_t>(model->config().embedding);
  std::vector<std::map<std::int64_t, float>> found;
  for (const std::size_t piece : {150u, 7u}) {
    const test::NotingRule rule(kv::learned_rule());
    auto options = test::scored_options(model->config(), "40%");
    options.keep = &rule;
    const auto scores = options.scores;
    const auto sequence = test::open_sequence(model, options);
    std::map<std::int64_t, float> expected;
    std::int64_t before = 0;
    model::InputObserver observer;
    observer.inputs = [&](kv::LayerId layer, std::int64_t first, std::span<const float> rows) {
      for (std::size_t row = 0; row * width < rows.size(); ++row) {
        float sum = 0;
        for (int head = 0; head < 2; ++head) {
          sum += kv::learned_score(scores->weights(layer, head), rows.data() + row * width, scores->width);
        }
        expected[before + first + static_cast<std::int64_t>(row)] = sum / 2;
      }
    };
    sequence->observe_inputs(std::move(observer));
    for (std::size_t at = 0; at < ids.size(); at += piece) {
      for (std::size_t from = at; from < std::min(at + piece, ids.size());) {
        const std::size_t n = std::min<std::size_t>(
            {static_cast<std::size_t>(sequence->memory().kv.chunk), at + piece - from, ids.size() - from});
        before = sequence->cache().tokens();
        read(*sequence, std::span(ids).subspan(from, n));
        from += n;
      }
    }
    CHECK(rule.noted.size() > 100);
    for (const auto& [token, score] : rule.noted) REQUIRE(score == expected[token]);
    found.push_back(rule.noted);
  }
  for (const auto& [token, score] : found[1]) {
    if (found[0].count(token) > 0) REQUIRE(found[0][token] == doctest::Approx(score));
  }
}

TEST_CASE("learned needs scores: without them it is refused, and where everything fits they change nothing") {
  const auto model = test::tiny_model();
  run::SequenceOptions options;
  options.keep = &kv::learned_rule();
  for (const char* budget : {"full", "50%"}) {
    options.budget = *kv::parse_budget(budget);
    const auto refused = Sequence::create(model, options);
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::invalid_argument);
    CHECK(refused.error().sentence.find("brim calibrate") != std::string::npos);
    CHECK(refused.error().sentence.find("kv.scores") != std::string::npos);
  }
  const auto ids = test::some_ids(120);
  const auto whole = test::open_sequence(model, test::scored_options(model->config(), "full"));
  const auto window = test::tiny_sequence(model, {});
  for (Sequence* each : {whole.get(), window.get()}) read(*each, ids);
  CHECK(!whole->memory().kv.scores_entries());
  CHECK(whole->memory().kv.budget_bytes == window->memory().kv.budget_bytes);
  CHECK(test::logits_of(*whole) == test::logits_of(*window));
}

TEST_CASE("under learned speculation gives what decoding token by token gives") {
  const auto model = test::tiny_model();
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 12; ++i) {
    const auto part = test::some_ids(20);
    ids.insert(ids.end(), part.begin() + 1, part.end());
  }
  for (const char* budget : {"full", "50%"}) {
    const auto options = test::scored_options(model->config(), budget, 2, nullptr);
    const auto counts = test::read_both_ways(model, options, std::span(ids).first(100), std::span(ids).subspan(100));
    CHECK(counts.drafted > 0);
  }
}

TEST_CASE("a saved sequence under learned goes on as it would have, and only with its own scores") {
  const auto model = test::tiny_model();
  const auto ids = test::some_ids(300);
  auto options = test::scored_options(model->config(), "50%");
  const auto sequence = test::open_sequence(model, options), same = test::open_sequence(model, options);
  read(*sequence, std::span(ids).first(200));
  REQUIRE(sequence->cache().evicted() > 0);
  StateWriter writer;
  REQUIRE(sequence->save(writer));
  const auto bytes = test::saved_bytes(writer);
  StateReader state("a state", {bytes});
  const Status restored = same->restore(state);
  if (!restored) FAIL(restored.error().sentence);
  const auto fork = sequence->sibling(options);
  REQUIRE(fork);
  StateReader copy("a copy", {bytes});
  REQUIRE((*fork)->restore(copy));
  for (Sequence* each : {sequence.get(), same.get(), fork->get()}) read(*each, std::span(ids).subspan(200));
  CHECK(test::same_state(*sequence, *same));
  CHECK(cache_of(*sequence) == cache_of(*same));
  CHECK(cache_of(*sequence) == cache_of(**fork));

  options.scores = test::random_scores(model->config(), 10);
  const auto other = test::open_sequence(model, options);
  StateReader again("a state", {bytes});
  const Status refused = other->restore(again);
  REQUIRE(!refused);
  CHECK(refused.error().sentence.find("learned scores") != std::string::npos);
}

}  // namespace learned_sequences_test
