// What is learned about delimiters: the same whatever chunks the queries came in, taken back exactly, and never trusted
// when it is restored.
#include "engine/kv/delimiter_weights.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "tests/support/random.hpp"
#include "tests/support/saved_bytes.hpp"

using brim::kv::DelimiterMemory;
using brim::kv::DelimiterObservation;
using brim::kv::DelimiterWeights;
using brim::kv::kScoreUnit;
using brim::kv::LearnedDelimiter;
using brim::test::Random;

namespace {

constexpr std::int64_t kTokensKept = 1024;
constexpr int kStreams = 3;

/// Weights with their own memory, for blocks of 16.
class Weighing {
 public:
  explicit Weighing(std::int64_t tokens_kept = kTokensKept)
      : learned_(brim::kv::kLearnedDelimiters),
        observations_(static_cast<std::size_t>(DelimiterMemory::observations_of(tokens_kept))),
        weights({learned_.data(), observations_.data(), static_cast<std::int64_t>(observations_.size())}, 16,
                kStreams) {}
  Weighing(const Weighing&) = delete;
  Weighing& operator=(const Weighing&) = delete;

  /// A chunk of tokens: delimiters behind its queries and their scores follow from the places alone.
  void expect_and_add(std::int64_t first, std::int64_t end) {
    for (std::int64_t query = first; query < end; ++query) {
      for (const std::int32_t key : keys_before(query)) weights.expect(query, key);
    }
    for (int stream = 0; stream < kStreams; ++stream) {
      for (std::int64_t query = first; query < end; ++query) {
        Random random(static_cast<std::uint64_t>(query * 5 + stream));
        for (const std::int32_t key : keys_before(query)) weights.add(query, key, random.unit());
      }
    }
  }
  void chunk(std::int64_t first, std::int64_t end) {
    expect_and_add(first, end);
    weights.take_in(end);
  }
  std::vector<std::byte> saved() const {
    brim::StateWriter writer;
    weights.save(writer);
    return brim::test::saved_bytes(writer);
  }
  std::vector<float> gains() const {
    std::vector<float> gains;
    for (std::int32_t key = -3; key < 12; ++key) gains.push_back(key == 0 ? 0.0f : weights.gain(key));
    return gains;
  }

 private:
  std::vector<std::int32_t> keys_before(std::int64_t query) const {
    std::vector<std::int32_t> keys;
    if (!weights.observes(query)) return keys;
    Random random(static_cast<std::uint64_t>(query) * 31 + 7);
    for (std::int64_t i = random.pick(0, 6); i > 0; --i) {
      const auto key = static_cast<std::int32_t>(random.pick(-3, 11));
      if (key != 0) keys.push_back(key);
    }
    return keys;
  }

  std::vector<LearnedDelimiter> learned_;
  std::vector<DelimiterObservation> observations_;

 public:
  DelimiterWeights weights;
};

}  // namespace

TEST_CASE("what was learned does not depend on the chunks that queries came in") {
  Weighing whole;
  whole.chunk(0, 900);
  Random random(11);
  for (int round = 0; round < 20; ++round) {
    Weighing pieces;
    for (std::int64_t first = 0; first < 900;) {
      const std::int64_t end = std::min<std::int64_t>(900, first + random.pick(1, 200));
      pieces.chunk(first, end);
      first = end;
    }
    REQUIRE(pieces.saved() == whole.saved());
  }
  const std::vector<float> gains = whole.gains();
  CHECK(std::count_if(gains.begin(), gains.end(), [](float gain) { return gain != 0; }) > 8);
}

TEST_CASE("taking back leaves what processing only that far leaves") {
  Random random(12);
  for (int round = 0; round < 100; ++round) {
    const std::int64_t count = random.pick(0, 900);
    Weighing longer, shorter;
    longer.chunk(0, 450);
    longer.chunk(450, 900);
    longer.expect_and_add(900, 990);  // of a chunk that is abandoned
    REQUIRE(longer.weights.can_take_back(count));
    longer.weights.take_back(count);
    if (count > 0) shorter.chunk(0, count);
    REQUIRE(longer.saved() == shorter.saved());
    // Another text behind it is learned from as if the first had never been.
    longer.chunk(count, count + 60);
    shorter.chunk(count, count + 60);
    REQUIRE(longer.gains() == shorter.gains());
  }
}

TEST_CASE("as much is remembered as there is memory for, and what is expected counts only when it is taken in") {
  Weighing one;
  for (std::int64_t first = 0; first < 20000; first += 100) one.chunk(first, first + 100);
  CHECK(one.weights.can_take_back(20000 - 900));
  CHECK(!one.weights.can_take_back(1000));
  const std::vector<float> before = one.gains();
  one.expect_and_add(20000, 20200);
  CHECK(one.gains() == before);
  one.weights.drop_expected();
  one.weights.take_in(20200);
  CHECK(one.gains() == before);
  one.weights.clear();
  Weighing fresh;
  CHECK(one.saved() == fresh.saved());
}

TEST_CASE("a query is observed for the nearest delimiters, once for each occurrence and stream") {
  Weighing one;
  for (const std::int32_t key : {5, 6, 5, 7, 8, 9}) one.weights.expect(31, key);
  for (const std::int32_t key : {5, 6, 5, 7, 8, 9}) one.weights.add(31, key, key == 5 ? 0.5 : -0.25);
  one.weights.add(63, 5, 1);  // not expected
  one.weights.take_in(31);
  CHECK(one.gains() == Weighing().gains());  // of queries before 31
  one.weights.take_in(32);
  // s: twice .5, three times -.25: mean .05, spread sqrt(.1375 - .0025); 32 / (16 * 3) of an occurrence each.
  const double weight = 2.0 / 3, spread = 0.36742346;
  CHECK(one.weights.gain(5) == doctest::Approx(0.15 * 2 * weight / (2 * weight + 4) * 0.45 / spread));
  CHECK(one.weights.gain(8) == doctest::Approx(0.15 * weight / (weight + 4) * -0.3 / spread));
  CHECK(one.weights.gain(9) == 0);  // the fifth delimiter
}

TEST_CASE("without memory nothing is observed or learned") {
  DelimiterWeights none;
  none.expect(31, 5);
  none.add(31, 5, 1);
  none.take_in(100);
  CHECK(!none.observes(31));
  CHECK(none.gain(5) == 0);
  CHECK(none.can_take_back(0));
  none.take_back(0);
  brim::StateWriter writer;
  none.save(writer);
  CHECK(brim::test::saved_bytes(writer).empty());
}

namespace {

/// A saved state, with numbers that a test may change.
struct SavedWeights {
  std::int64_t learned = 1, seen = 6, sum = 3 * kScoreUnit, squares = 2 * kScoreUnit, complete = 0, kept = 1;
  std::int64_t query = 31, key = 5, count = 2, local_sum = kScoreUnit;
  LearnedDelimiter delimiter{5, 6, 3 * kScoreUnit};
};

std::string refusal(const SavedWeights& saved, std::int64_t tokens = 100) {
  // The table as it is when 5 came first.
  Weighing source, target;
  source.weights.expect(31, 5);
  source.weights.add(31, 5, 0);
  source.weights.take_in(32);
  brim::StateWriter whole;
  source.weights.save(whole);
  const auto bytes = brim::test::saved_bytes(whole);
  constexpr std::size_t kNumbers = 6 * 8, kSize = 8;
  std::vector<LearnedDelimiter> table(brim::kv::kLearnedDelimiters);
  std::memcpy(table.data(), bytes.data() + kNumbers + kSize, table.size() * sizeof table[0]);
  for (LearnedDelimiter& place : table) {
    if (place.key != 0) place = saved.delimiter;
  }
  brim::StateWriter writer;
  for (const std::int64_t value : {saved.learned, saved.seen, saved.sum, saved.squares, saved.complete, saved.kept}) {
    writer.number(value);
  }
  writer.piece(std::as_bytes(std::span(table)));
  for (const std::int64_t value : {saved.query, saved.key, saved.count, saved.local_sum}) writer.number(value);
  brim::StateReader source_state("a state", writer.parts());
  const brim::Status status = target.weights.restore(source_state, tokens);
  if (status) {
    target.weights.take_back(0);
    return "";
  }
  return status.error().sentence;
}

}  // namespace

TEST_CASE("a state is restored as it was, and every number that does not fit is refused") {
  Weighing one, other;
  one.chunk(0, 900);
  brim::StateWriter writer;
  one.weights.save(writer);
  brim::StateReader source_state("a state", writer.parts());
  REQUIRE(other.weights.restore(source_state, 900));
  CHECK(other.saved() == one.saved());
  for (Weighing* each : {&one, &other}) each->weights.take_back(300);
  CHECK(other.saved() == one.saved());

  CHECK(refusal({}).empty());
  const auto says = [](const SavedWeights& saved, const char* what, std::int64_t tokens = 100) {
    const std::string said = refusal(saved, tokens);
    CHECK_MESSAGE(said.find(what) != std::string::npos, said);
  };
  says({.learned = 2}, "delimiters: expected 2, found 1");
  says({.learned = 193}, "delimiters learned of");
  says({.seen = 5}, "occurrences and their scores");
  says({.sum = 4 * kScoreUnit}, "occurrences and their scores");
  says({.squares = -1}, "sum of squared scores");
  says({.complete = 101}, "first place whose observations are kept");
  says({.kept = 1000}, "observations");
  says({.query = 100}, "an observed query");
  says({}, "an observed query", 31);
  says({.key = 6}, "its delimiter");
  says({.key = 0}, "its delimiter");
  says({.count = 7}, "its occurrences");
  says({.count = 0}, "its occurrences");
  says({.local_sum = 5 * kScoreUnit}, "its scores");
  says({.delimiter = {5, -1, 0}}, "delimiters");
  says({.delimiter = {5, 6, 13 * kScoreUnit}}, "delimiters");
}
