// What a sequence promises for every model: the budget holds at every step, the number of threads and the size of
// chunks do not change the result, going back is exact, and decoding allocates nothing.
#include "engine/run/sequence.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "tests/engine/generate/tiny.hpp"
#include "tests/support/allocation_count.hpp"

using namespace brim;
using run::Sequence;
using run::SequenceOptions;
using test::largest_difference;
using test::logits_of;
using test::read;

TEST_CASE("one thread and several give the same bits") {
  const auto model = test::tiny_model();
  const auto ids = test::some_ids(150);
  for (const char* type : {"f32", "f16", "q8_0", "q4_0", "q8_0:q4_0"}) {
    const auto one = test::tiny_sequence(model, {.type = type, .threads = 1});
    const auto three = test::tiny_sequence(model, {.type = type, .threads = 3});
    read(*one, ids);
    read(*three, ids);
    CHECK(logits_of(*one) == logits_of(*three));
    for (int step = 0; step < 5; ++step) {
      read(*one, std::span(ids).first(1));
      read(*three, std::span(ids).first(1));
      CHECK(logits_of(*one) == logits_of(*three));
    }
  }
}

TEST_CASE("reading in one piece, in chunks and token by token agree while nothing is evicted") {
  const auto model = test::tiny_model();
  const auto ids = test::some_ids(200);
  const auto whole = test::tiny_sequence(model, {.type = "f32"});
  const auto single = test::tiny_sequence(model, {.type = "f32"});
  read(*whole, ids);
  for (const std::int32_t id : ids) read(*single, {&id, 1});
  CHECK(largest_difference(logits_of(*whole), logits_of(*single)) <= 1e-4);
}

TEST_CASE("a budget that holds everything changes no bit") {
  const auto model = test::tiny_model();
  const auto ids = test::some_ids(250);
  const auto full = test::tiny_sequence(model, {.budget = "full"});
  const auto exact = test::tiny_sequence(model, {.budget = std::to_string(full->memory().kv.full_bytes)});
  const auto more = test::tiny_sequence(model, {.budget = "1GiB"});
  REQUIRE(SequenceOptions().keep == &kv::distinct_rule());
  const auto by_default = test::tiny_sequence(model, {.budget = "full", .keep = SequenceOptions().keep});
  for (Sequence* sequence : {full.get(), exact.get(), more.get(), by_default.get()}) read(*sequence, ids);
  CHECK(logits_of(*full) == logits_of(*exact));
  CHECK(logits_of(*full) == logits_of(*more));
  CHECK(more->memory().kv.budget_bytes == full->memory().kv.full_bytes);
  CHECK(logits_of(*full) == logits_of(*by_default));
  CHECK(by_default->memory().kv.budget_bytes == full->memory().kv.full_bytes);
}

TEST_CASE("the budget holds at every step of a text many times longer than the cache and the context") {
  for (const std::int64_t window : {0, 40}) {
    test::TinyModel shape;
    shape.window = window;
    const auto model = test::tiny_model(shape);
    for (const char* type : {"f32", "f16", "q8_0", "q4_0", "q8_0:q4_0"}) {
      const auto sequence = test::tiny_sequence(model, {.type = type, .budget = "60%"});
      const std::int64_t budget = sequence->memory().kv.budget_bytes;
      const auto ids = test::some_ids(1500);
      const Status status = sequence->read(ids, {}, nullptr, [&](std::int64_t, model::Decoder&) {
        CHECK(sequence->cache().bytes_used() <= budget);
        CHECK(sequence->cache().next_position() <= sequence->memory().kv.shape.context);
      });
      REQUIRE(status);
      for (int step = 0; step < 400; ++step) {
        read(*sequence, std::span(ids).subspan(static_cast<std::size_t>(step), 1));
        REQUIRE(sequence->cache().bytes_used() <= budget);
      }
      CHECK(sequence->cache().bytes_peak() <= budget);
      CHECK(sequence->tokens() == 1900);
      for (const float logit : logits_of(*sequence)) REQUIRE(std::isfinite(logit));
    }
  }
}

TEST_CASE("decoding allocates nothing") {
  const auto model = test::tiny_model();
  const auto sequence = test::tiny_sequence(model, {.budget = "40%"});
  const auto ids = test::some_ids(300);
  read(*sequence, ids);
  const std::size_t before = test::allocation_count();
  for (int step = 0; step < 200; ++step) {
    const std::span<const std::int32_t> one = std::span(ids).subspan(static_cast<std::size_t>(step), 1);
    const Status status = sequence->read(one, {}, nullptr);
    const auto logits = sequence->logits();
    if (!status || !logits) FAIL("decoding failed");
  }
  CHECK(test::allocation_count() == before);
}

TEST_CASE("going back gives what reading only that far gives") {
  const auto model = test::tiny_model();
  const auto ids = test::some_ids(220);
  SUBCASE("exactly, while nothing was evicted") {
    const auto sequence = test::tiny_sequence(model, {});
    const auto shorter = test::tiny_sequence(model, {});
    read(*sequence, ids);
    REQUIRE(sequence->rewind(100, {}, nullptr));
    read(*sequence, std::span(ids).subspan(100, 1));
    read(*shorter, std::span(ids).first(100));
    read(*shorter, std::span(ids).subspan(100, 1));
    CHECK(sequence->tokens() == 101);
    CHECK(largest_difference(logits_of(*sequence), logits_of(*shorter)) <= 1e-4);
  }
  SUBCASE("by processing the text again, after evictions") {
    const auto sequence = test::tiny_sequence(model, {.budget = "35%"});
    const auto shorter = test::tiny_sequence(model, {.budget = "35%"});
    read(*sequence, ids);
    REQUIRE(sequence->cache().evicted() > 0);
    REQUIRE(sequence->rewind(150, {}, nullptr));
    read(*sequence, std::span(ids).subspan(150, 1));
    read(*shorter, std::span(ids).first(150));
    read(*shorter, std::span(ids).subspan(150, 1));
    CHECK(logits_of(*sequence) == logits_of(*shorter));
  }
}

TEST_CASE("a stopped read can be taken up again") {
  const auto model = test::tiny_model();
  const auto ids = test::some_ids(200);
  const auto stopped = test::tiny_sequence(model, {.budget = "35%"});
  const auto straight = test::tiny_sequence(model, {.budget = "35%"});
  const Status status = stopped->read(
      ids, [](long long done, long long) { return done < 100; }, nullptr);
  REQUIRE(!status);
  CHECK(status.error().code == ErrorCode::cancelled);
  const std::int64_t done = stopped->tokens();
  REQUIRE(done < 200);
  read(*stopped, std::span(ids).subspan(static_cast<std::size_t>(done)));
  read(*straight, ids);
  CHECK(stopped->tokens() == straight->tokens());
  CHECK(logits_of(*stopped) == logits_of(*straight));

  const std::atomic<bool> cancel{true};
  CHECK(stopped->read(std::span(ids).first(9), {}, &cancel).error().code == ErrorCode::cancelled);
  CHECK(stopped->tokens() == 200);
  read(*stopped, std::span(ids).first(3));
  read(*straight, std::span(ids).first(3));
  CHECK(largest_difference(logits_of(*stopped), logits_of(*straight)) <= 1e-4);
}

TEST_CASE("what cannot be done says so and changes nothing") {
  const auto model = test::tiny_model();
  const auto sequence = test::tiny_sequence(model, {});
  CHECK(sequence->logits().error().code == ErrorCode::wrong_state);
  const std::int32_t bad[] = {1, 100000};
  CHECK(sequence->read(bad, {}, nullptr).error().code == ErrorCode::invalid_argument);
  CHECK(sequence->tokens() == 0);

  SequenceOptions options;
  options.budget = *kv::parse_budget("1KiB");
  const auto small = Sequence::create(model, options);
  REQUIRE(!small);
  CHECK(small.error().code == ErrorCode::out_of_memory);
  CHECK(small.error().sentence.find("1.0 KiB") != std::string::npos);
}
