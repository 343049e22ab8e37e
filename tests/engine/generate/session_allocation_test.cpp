// Generating an answer allocates nothing: in plain text and in conversations, with stop strings, speculation, every
// sampler, eviction and going back, and for tokens of any length.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "engine/generate/session.hpp"
#include "engine/run/text_memory.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/support/allocation_count.hpp"

using namespace brim;
using generate::End;
using generate::Session;
using generate::SessionOptions;

namespace {

std::unique_ptr<Session> open(const std::shared_ptr<const model::Model>& model, SessionOptions options) {
  options.sequence.threads = 2;
  options.ignore_end_tokens = true;
  auto session = Session::create(model, std::move(options));
  if (!session) FAIL(session.error().sentence);
  return std::move(*session);
}

// Takes pieces until `tokens` were sampled or the answer ended, and returns how many allocations that took.
std::size_t allocations_of_answer(Session& session, int tokens, std::size_t* longest = nullptr) {
  std::size_t allocations = 0;
  for (int i = 0; i < tokens; ++i) {
    const std::size_t before = test::allocation_count();
    const auto piece = session.next();
    allocations += test::allocation_count() - before;
    if (!piece) FAIL(piece.error().sentence);
    if (longest != nullptr) *longest = std::max(*longest, piece->text.size());
    if (piece->end != End::not_yet) break;
  }
  const std::size_t before = test::allocation_count();
  session.finish();
  return allocations + test::allocation_count() - before;
}

SessionOptions conversation() {
  SessionOptions options;
  options.chat_template = "chatml";
  return options;
}

SessionOptions every_sampler() {
  SessionOptions options = conversation();
  options.sampling.dry_multiplier = 0.8;
  options.sampling.xtc_probability = 0.5;
  options.sampling.repeat_penalty = 1.1;
  options.sampling.frequency_penalty = 0.1;
  options.sampling.typical_p = 0.95;
  options.sampling.logit_bias = {{300, 2.0f}, {301, -INFINITY}};
  return options;
}

}  // namespace

TEST_CASE("an answer allocates nothing, whatever is switched on, turn after turn") {
  const auto model = test::tiny_model();
  struct Case {
    const char* name;
    SessionOptions options;
  };
  std::vector<Case> cases{{"a conversation", conversation()}, {"every sampler", every_sampler()}};
  cases.push_back({"stop strings", conversation()});
  cases.back().options.stops = {"never to be seen", "\n\n\n\n", std::string(3000, 'q')};
  cases.push_back({"speculation", conversation()});
  cases.back().options.sequence.speculation = {.ngram = true, .draft_max = 15, .eager = true};
  cases.back().options.sampling.temperature = 0;
  cases.push_back({"eviction", conversation()});
  cases.back().options.sequence.budget = *kv::parse_budget("40%");
  cases.push_back({"eviction by blocks, speculation, all samplers", every_sampler()});
  cases.back().options.sequence.budget = *kv::parse_budget("60%");
  cases.back().options.sequence.keep = &kv::dynsplit_rule();
  cases.back().options.sequence.speculation = {.ngram = true, .draft_max = 15, .eager = true};
  for (Case& each : cases) {
    CAPTURE(each.name);
    const auto session = open(model, each.options);
    for (int turn = 0; turn < 4; ++turn) {
      REQUIRE(session->message("user", "turn " + std::to_string(turn) + ": tell me about the dog and the sun"));
      CHECK(allocations_of_answer(*session, 150) == 0);
    }
    REQUIRE(session->regenerate());
    CHECK(allocations_of_answer(*session, 50) == 0);
    REQUIRE(session->clear());
    REQUIRE(session->append("the dog and the sun", {}));
    CHECK(allocations_of_answer(*session, 300) == 0);
  }
}

TEST_CASE("an answer far longer than the conversation keeps allocates nothing" *
          doctest::test_suite("above the kernels")) {
  const auto model = test::tiny_model();
  SessionOptions options = conversation();
  options.sequence.budget = *kv::parse_budget("40%");
  options.sampling.logit_bias = {{259 + 90, 100.0f}};
  const auto session = open(model, options);
  REQUIRE(session->message("user", "go on"));
  const auto kept = static_cast<std::size_t>(run::max_kept_text(256));
  CHECK(allocations_of_answer(*session, static_cast<int>(kept)) == 0);
  CHECK(session->messages().size() < kept);
}

TEST_CASE("going back, other stop strings and a copy: what follows allocates nothing") {
  const auto model = test::tiny_model();
  const auto session = open(model, conversation());
  REQUIRE(session->append("the dog and the sun and the cat", {}));
  CHECK(allocations_of_answer(*session, 40) == 0);
  REQUIRE(session->rewind(10));
  REQUIRE(session->append("and so on", {}));
  CHECK(allocations_of_answer(*session, 40) == 0);
  session->set_stops({std::string(500, 'x'), "nothing like it"});
  CHECK(allocations_of_answer(*session, 40) == 0);
  auto copy = session->fork();
  REQUIRE(copy);
  REQUIRE((*copy)->message("user", "hello"));
  CHECK(allocations_of_answer(**copy, 40) == 0);
}

TEST_CASE("a token of any length comes out whole, without an allocation") {
  test::TinyModel shape;
  shape.long_token = 20'000;
  const auto model = test::tiny_model(shape);
  const auto last = static_cast<std::int32_t>(model->config().vocabulary - 1);
  for (const bool stops : {false, true}) {
    SessionOptions options = conversation();
    options.sampling.temperature = 0;
    options.sampling.logit_bias = {{last, 1000.0f}};
    if (stops) options.stops = {std::string(21'000, 'z') + "!", "zzzz!"};
    const auto session = open(model, options);
    REQUIRE(session->message("user", "hello"));
    std::size_t longest = 0;
    CHECK(allocations_of_answer(*session, 12, &longest) == 0);
    CHECK(longest >= 19'000);
  }
}
