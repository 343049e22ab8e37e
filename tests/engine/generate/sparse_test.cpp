// Sparse reads and semantic blocks through a whole model: what must not change does not change, whatever a session
// does.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "engine/run/sequence.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/support/allocation_count.hpp"

using namespace brim;
using run::Sequence;
using test::largest_difference;
using test::logits_of;
using test::read;

namespace {

/// A prompt, and then token by token; the logits after the last.
std::vector<float> answer(Sequence& sequence, const std::vector<std::int32_t>& ids, std::size_t prompt) {
  read(sequence, std::span(ids).first(prompt));
  for (std::size_t i = prompt; i < ids.size(); ++i) read(sequence, std::span(ids).subspan(i, 1));
  return logits_of(sequence);
}

}  // namespace

TEST_CASE("reading every block is reading everything; reading some is not, but is the same by all threads") {
  test::TinyModel shape;
  shape.context = 1024;
  const auto model = test::tiny_model(shape);
  const auto ids = test::some_ids(900);
  const auto all = test::tiny_sequence(model, {.type = "f32"});
  const auto expected = answer(*all, ids, 700);
  const auto whole = test::tiny_sequence(model, {.type = "f32", .read = "top=100%"});
  CHECK(largest_difference(answer(*whole, ids, 700), expected) <= 1e-5);
  const auto one = test::tiny_sequence(model, {.type = "f32", .threads = 1, .read = "top=30%"});
  const auto three = test::tiny_sequence(model, {.type = "f32", .threads = 3, .read = "top=30%"});
  const auto some = answer(*one, ids, 700);
  CHECK(some == answer(*three, ids, 700));
  CHECK(some != expected);
}

TEST_CASE("dynsplit: one thread and several agree, the budget holds, decoding allocates nothing") {
  const auto model = test::tiny_model();
  const auto ids = test::some_ids(700);
  for (const char* reading : {"all", "top=40%"}) {
    const auto one =
        test::tiny_sequence(model, {.budget = "60%", .threads = 1, .keep = &kv::dynsplit_rule(), .read = reading});
    const auto three =
        test::tiny_sequence(model, {.budget = "60%", .threads = 3, .keep = &kv::dynsplit_rule(), .read = reading});
    CHECK(answer(*one, ids, 300) == answer(*three, ids, 300));
    CHECK(one->cache().evicted() > 0);
    CHECK(one->cache().rebased() > 0);
    CHECK(one->cache().bytes_peak() <= one->memory().kv.budget_bytes);
    const std::size_t before = test::allocation_count();
    for (std::size_t i = 0; i < 100; ++i) {
      if (!one->read(std::span(ids).subspan(i, 1), {}, nullptr)) FAIL("decoding failed");
    }
    CHECK(test::allocation_count() == before);
  }
}

TEST_CASE("going back gives what reading only that far gives, with blocks") {
  const auto model = test::tiny_model();
  const auto ids = test::some_ids(220);
  for (const kv::Rule* keep : {&kv::window_rule(), &kv::dynsplit_rule()}) {
    for (const char* budget : {"full", "50%"}) {
      const auto sequence =
          test::tiny_sequence(model, {.type = "f32", .budget = budget, .keep = keep, .read = "top=40%"});
      const auto shorter =
          test::tiny_sequence(model, {.type = "f32", .budget = budget, .keep = keep, .read = "top=40%"});
      read(*sequence, ids);
      REQUIRE(sequence->rewind(150, {}, nullptr));
      read(*shorter, std::span(ids).first(150));
      for (std::size_t i = 150; i < 190; ++i) {
        read(*sequence, std::span(ids).subspan(i, 1));
        read(*shorter, std::span(ids).subspan(i, 1));
        // Chunks end at other places, so the last bits of keys may differ; here no block is so near to another in score
        // that this matters.
        CHECK(largest_difference(logits_of(*sequence), logits_of(*shorter)) <= 1e-3);
      }
    }
  }
}

TEST_CASE("of a whole cache that is read sparsely delimiters are learned, and the pieces of a prompt do not matter") {
  test::TinyModel shape;
  shape.context = 1024;
  const auto model = test::tiny_model(shape);
  const auto ids = test::some_ids(800);
  const auto whole = test::tiny_sequence(model, {.type = "f32", .read = "top=30%"});
  const auto pieces = test::tiny_sequence(model, {.type = "f32", .read = "top=30%"});
  const auto priors = test::tiny_sequence(model, {.type = "f32", .read = "top=30%"});
  read(*whole, std::span(ids).first(700));
  for (std::size_t at = 0; at < 700;) {
    const std::size_t n = std::min<std::size_t>(2 + at % 90, 700 - at);  // a single token would read sparsely
    read(*pieces, std::span(ids).subspan(at, n));
    at += n;
  }
  read(*priors, std::span(ids).first(31));  // token 31 would be the first to be observed
  for (std::size_t at = 31; at < 700; ++at) {
    const Status status = priors->read_next(ids[at], nullptr);  // tokens of an answer teach nothing
    if (!status) FAIL(status.error().sentence);
  }
  int learned = 0;
  for (std::int64_t place = 600; place < 700; ++place) {
    const float weight = whole->cache().document().weight_before(place);
    CHECK(pieces->cache().document().weight_before(place) == doctest::Approx(double{weight}));
    learned += weight != priors->cache().document().weight_before(place) ? 1 : 0;
  }
  CHECK(learned > 0);
  for (int layer = 0; layer < 3; ++layer) {
    const auto stream = static_cast<kv::StreamId>(layer);
    const auto one = whole->cache().blocks(stream), other = pieces->cache().blocks(stream);
    REQUIRE(one.size() == other.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
      CHECK(one[i].start == other[i].start);
      CHECK(one[i].length == other[i].length);
    }
  }
}

TEST_CASE("where lone tokens read sparsely nothing is drafted ahead") {
  const auto model = test::tiny_model();
  run::SequenceOptions options;
  options.speculation.ngram = true;
  CHECK(run::plan_memory(model->config(), model->table(), options)->tokens_together > 1);
  options.reading = {true, 0.5};
  CHECK(run::plan_memory(model->config(), model->table(), options)->tokens_together == 1);
}
