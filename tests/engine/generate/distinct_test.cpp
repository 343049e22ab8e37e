// Rule distinct through a whole model: the bits depend neither on threads nor on pieces, going back is exact and costs
// what follows the last prompt's end, and drafts change nothing.
#include <doctest/doctest.h>

#include <atomic>
#include <cstring>
#include <string>
#include <vector>

#include "engine/generate/session.hpp"
#include "tests/engine/generate/cached.hpp"
#include "tests/engine/generate/speculating.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/support/noting_rule.hpp"
#include "tests/support/saved_bytes.hpp"

using namespace brim;
using generate::Session;
using generate::SessionOptions;
using run::Sequence;
using test::cache_of;
using test::go_on;
using test::read;

namespace {

std::unique_ptr<Sequence> distinct(const std::shared_ptr<const model::Model>& model, const std::string& budget,
                                   int threads = 2, const std::string& type = "f16",
                                   const kv::Split* split = &kv::uniform_split()) {
  run::SequenceOptions options;
  options.threads = threads;
  options.type = *kernels::parse_kv_types(type);
  options.budget = *kv::parse_budget(budget);
  options.keep = &kv::distinct_rule();
  options.split = split;
  return test::open_sequence(model, options);
}

}  // namespace

TEST_CASE("one thread and several give the same bits, far beyond the context") {
  test::TinyModel shape;
  shape.window = 40;
  for (const bool windowed : {false, true}) {
    const auto model = windowed ? test::tiny_model(shape) : test::tiny_model();
    for (const char* type : {"f32", "q8_0:q4_0"}) {
      const auto one = distinct(model, "60%", 1, type, &kv::zigzag_split()),
                 three = distinct(model, "60%", 3, type, &kv::zigzag_split());
      const auto ids = test::some_ids(500);
      for (const auto& sequence : {one.get(), three.get()}) {
        read(*sequence, std::span(ids).first(430));
        go_on(*sequence, std::span(ids).subspan(430));
      }
      CHECK(one->cache().evicted() > 0);
      CHECK(one->cache().rebased() > 0);
      CHECK(one->cache().bytes_peak() <= one->memory().kv.budget_bytes);
      CHECK(test::same_state(*one, *three));
      CHECK(cache_of(*one) == cache_of(*three));
    }
  }
}

TEST_CASE("keys are compared as they are before rotation") {
  // The keys of one token again and again differ by their rotation alone.
  const test::NotingRule rule(kv::distinct_rule());
  test::TinyModel shape;
  shape.layers = 1;
  run::SequenceOptions options;
  options.threads = 2;
  options.budget = *kv::parse_budget("40%");
  options.keep = &rule;
  options.split = &kv::uniform_split();
  const auto sequence = test::open_sequence(test::tiny_model(shape), options);
  read(*sequence, std::vector<std::int32_t>(200, 300));
  CHECK(rule.noted.size() > 100);
  CHECK(!rule.changed);
  for (const auto& [token, distinctness] : rule.noted) REQUIRE(distinctness == doctest::Approx(-1));
}

TEST_CASE("until something is evicted every token sees what it sees under window") {
  const auto model = test::tiny_model();
  const auto ids = test::some_ids(120);
  for (const auto heads : {kv::HeadSelection::together, kv::HeadSelection::apart}) {
    run::SequenceOptions options;
    options.threads = 2;
    options.budget = *kv::parse_budget("80%");
    options.split = &kv::uniform_split();
    options.heads = heads;
    options.keep = &kv::window_rule();
    const auto window = test::open_sequence(model, options);
    options.keep = &kv::distinct_rule();
    const auto other = test::open_sequence(model, options);
    for (const auto& sequence : {window.get(), other.get()}) {
      read(*sequence, std::span(ids).first(100));
      go_on(*sequence, std::span(ids).subspan(100));
    }
    REQUIRE(other->memory().kv.compares_keys());
    REQUIRE(other->cache().evicted() == 0);
    CHECK(test::logits_of(*other) == test::logits_of(*window));
  }
}

TEST_CASE("the pieces of a prompt do not matter") {
  const auto model = test::tiny_model();
  const auto ids = test::some_ids(120);
  const auto whole = distinct(model, "70%"), pieces = distinct(model, "70%");
  read(*whole, std::span(ids).first(100));
  for (std::size_t at = 0; at < 100;) {
    const std::size_t n = std::min<std::size_t>(1 + at % 13, 100 - at);
    read(*pieces, std::span(ids).subspan(at, n));
    at += n;
  }
  REQUIRE(whole->cache().evicted() == 0);
  REQUIRE(whole->memory().kv.compares_keys());
  // From here on the places that are kept are the same too.
  for (const auto& sequence : {whole.get(), pieces.get()}) {
    read(*sequence, std::span(ids).subspan(100, 8));
    read(*sequence, std::span(ids).subspan(108, 12));
  }
  REQUIRE(whole->cache().evicted() == 0);
  CHECK(cache_of(*whole) == cache_of(*pieces));
  for (const auto& sequence : {whole.get(), pieces.get()}) read(*sequence, std::span(ids).first(100));
  CHECK(whole->cache().evicted() > 0);
  CHECK(cache_of(*whole) == cache_of(*pieces));
}

TEST_CASE("going back to a prompt's end is exact, further back processes what follows the last place again") {
  const auto model = test::tiny_model();
  const auto ids = test::some_ids(160);
  const std::span<const std::int32_t> all(ids);
  const auto sequence = distinct(model, "80%");
  const auto begin = [&](Sequence& text) {
    read(text, all.first(60));
    go_on(text, all.subspan(60, 10));
    read(text, all.subspan(70, 20));
  };
  begin(*sequence);
  go_on(*sequence, all.subspan(90, 15));
  REQUIRE(sequence->cache().evicted() == 0);
  std::int64_t processed = 0;
  sequence->observe_attention([&](kv::LayerId layer, std::int64_t, std::span<const float> rows) {
    if (layer == kv::LayerId{0}) processed += static_cast<std::int64_t>(rows.size()) / model->config().embedding;
  });

  // Another answer to the second prompt.
  REQUIRE(sequence->truncate(89));
  read(*sequence, all.subspan(89, 1));
  const auto fresh = distinct(model, "80%");
  begin(*fresh);
  CHECK(processed == 1);
  CHECK(test::same_state(*sequence, *fresh));

  // The first answer is changed in its middle.
  CHECK(!sequence->truncate(65));
  processed = 0;
  REQUIRE(sequence->read_from(65, all.subspan(120, 30), {}, nullptr));
  CHECK(processed == (65 - 59) + 30);
  const auto edited = distinct(model, "80%");
  read(*edited, all.first(60));
  go_on(*edited, all.subspan(60, 5));
  read(*edited, all.subspan(120, 30));
  CHECK(test::same_state(*sequence, *edited));

  // Before the first prompt's end everything is processed again.
  processed = 0;
  REQUIRE(sequence->rewind(40, {}, nullptr));
  CHECK(processed == 40);
  CHECK(sequence->tokens() == 40);
  for (Sequence* each : {sequence.get(), edited.get()}) {
    if (each == edited.get()) REQUIRE(each->rewind(40, {}, nullptr));
    read(*each, all.subspan(100, 60));
    read(*each, all);
  }
  CHECK(sequence->cache().evicted() > 0);
  CHECK(test::same_state(*sequence, *edited));
}

TEST_CASE("an interrupted prompt leaves the anchors as they were") {
  const auto model = test::tiny_model();
  const auto ids = test::some_ids(150);
  const std::span<const std::int32_t> all(ids);
  const auto sequence = distinct(model, "80%"), straight = distinct(model, "80%");
  for (Sequence* each : {sequence.get(), straight.get()}) read(*each, all.first(50));
  std::atomic<bool> cancel{false};
  sequence->observe_attention(
      [&](kv::LayerId layer, std::int64_t, std::span<const float>) { cancel = layer == kv::LayerId{1}; });
  REQUIRE(!sequence->read(all.subspan(50, 20), {}, &cancel));
  sequence->observe_attention({});
  CHECK(!sequence->cache().stale());
  CHECK(sequence->cache().tokens() == 50);
  for (Sequence* each : {sequence.get(), straight.get()}) {
    read(*each, all.subspan(50, 20));
    read(*each, all.subspan(70));
    read(*each, all.first(100));
  }
  CHECK(sequence->cache().evicted() > 0);
  CHECK(cache_of(*sequence) == cache_of(*straight));
}

TEST_CASE("until something is evicted, another answer to a message is the same answer") {
  SessionOptions options;
  options.sequence.threads = 2;
  options.sequence.budget = *kv::parse_budget("90%");
  options.sequence.keep = &kv::distinct_rule();
  options.sequence.split = &kv::uniform_split();
  options.sampling.temperature = 0;
  options.ignore_end_tokens = true;
  options.chat_template = "chatml";
  for (const char* text : {"hello", "and then what happened to the dog"}) {
    auto session = Session::create(test::tiny_model(), options);
    if (!session) FAIL(session.error().sentence);
    const kv::Memory& cache = (*session)->sequence().cache();
    REQUIRE(cache.plan().compares_keys());
    const auto answer = [&] {
      std::string said;
      for (int i = 0; i < 12; ++i) said += (*session)->next()->text;
      return said;
    };
    REQUIRE((*session)->message("user", text));
    const std::string first = answer();
    for (int round = 0; round < 2; ++round) {
      REQUIRE((*session)->regenerate());
      CHECK(answer() == first);
    }
    CHECK(cache.evicted() == 0);
  }
}

TEST_CASE("speculation gives what decoding token by token gives") {
  const auto model = test::tiny_model();
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 12; ++i) {
    const auto part = test::some_ids(20);
    ids.insert(ids.end(), part.begin() + 1, part.end());
  }
  for (const char* budget : {"full", "50%"}) {
    run::SequenceOptions options;
    options.threads = 2;
    options.budget = *kv::parse_budget(budget);
    options.keep = &kv::distinct_rule();
    const auto counts = test::read_both_ways(model, options, std::span(ids).first(100), std::span(ids).subspan(100));
    CHECK(counts.drafted > 0);
  }
}
