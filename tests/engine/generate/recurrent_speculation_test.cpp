// Speculation with layers that keep states: drafts that are refused have changed these, and nothing of that may be left.
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/state.hpp"
#include "tests/engine/generate/conversing.hpp"
#include "tests/engine/generate/together.hpp"
#include "tests/support/saved_bytes.hpp"
#include "tests/support/tiny_recurrent.hpp"

using namespace brim;
using run::Sequence;
using test::logits_of;

namespace {

/// Ids that repeat what was there before, with a token exchanged now and then: drafts are right for a while.
std::vector<std::int32_t> refrains(std::size_t count) {
  std::vector<std::int32_t> ids = test::some_ids(24);
  test::Random random(5);
  while (ids.size() < count) {
    const auto from = static_cast<std::size_t>(random.pick(0, static_cast<std::int64_t>(ids.size()) - 12));
    const auto length = static_cast<std::size_t>(random.pick(4, 11));
    for (std::size_t i = 0; i < length; ++i) ids.push_back(ids[from + i]);
    ids.push_back(static_cast<std::int32_t>(random.pick(259, 348)));
  }
  ids.resize(count);
  return ids;
}

std::unique_ptr<Sequence> drafting(const std::shared_ptr<const model::Model>& model, const char* budget) {
  run::SequenceOptions options;
  options.budget = *kv::parse_budget(budget);
  options.split = &kv::uniform_split();
  options.keep = &kv::window_rule();  // where keys are compared, states keep drafts away
  options.threads = 2;
  options.speculation = {true, 15, true};
  auto sequence = Sequence::create(model, options);
  if (!sequence) FAIL(sequence.error().sentence);
  return std::move(*sequence);
}

/// One token, without any draft.
void step_alone(Sequence& sequence, std::int32_t id) {
  const auto step = sequence.begin_next(id, 1, nullptr);
  REQUIRE(step);
  REQUIRE(step->has_value());
  run::Executor::Turn turn = sequence.executor().turn();
  REQUIRE(turn.decoder().forward({&**step, 1}, nullptr));
  sequence.end_next(turn.decoder(), 0, 1, {});
}

void check_same(Sequence& plain, Sequence& drafted) {
  REQUIRE(logits_of(plain) == logits_of(drafted));
  REQUIRE(plain.tokens() == drafted.tokens());
  REQUIRE(plain.cache().tokens() == drafted.cache().tokens());
  REQUIRE(plain.cache().next_position() == drafted.cache().next_position());
  REQUIRE(plain.cache().evicted() == drafted.cache().evicted());
}

template <class Check>
void for_each_drafting_model(Check check) {
  for (const std::string architecture : test::kTinyRecurrent) {
    CAPTURE(architecture);
    check(test::tiny_model(test::tiny_recurrent(architecture)));
  }
}

}  // namespace

TEST_CASE("states: speculation keeps every bit, while entries are evicted and beyond the context too") {
  for_each_drafting_model([](const auto& model) {
    const auto ids = refrains(400);
    for (const char* budget : {"full", "90%"}) {
      CAPTURE(budget);
      const auto plain = drafting(model, budget), drafted = drafting(model, budget);
      REQUIRE(drafted->memory().tokens_together > 4);
      CHECK(drafted->memory().kv.shape.drafts);
      test::read(*plain, std::span(ids).first(60));
      test::read(*drafted, std::span(ids).first(60));
      for (std::size_t i = 60; i < ids.size(); ++i) {
        CAPTURE(i);
        step_alone(*plain, ids[i]);
        REQUIRE(drafted->read_next(ids[i], nullptr));
        check_same(*plain, *drafted);
      }
      CHECK(drafted->speculation().accepted > 10);
      CHECK(drafted->speculation().drafted > drafted->speculation().accepted);
      CHECK(drafted->cache().bytes_peak() <= drafted->memory().kv.budget_bytes);
      CHECK(drafted->whole_readings() == 0);
    }
  });
}

TEST_CASE("states: while drafts wait a text can be saved, taken back, cancelled and go on with a prompt") {
  for_each_drafting_model([](const auto& model) {
    const auto ids = refrains(200);
    const std::span<const std::int32_t> all(ids);
    const auto plain = drafting(model, "full"), drafted = drafting(model, "full"), other = drafting(model, "full");
    test::read(*plain, all.first(60));
    test::read(*drafted, all.first(60));
    int waiting = 0;
    for (std::size_t i = 60; i < 160; ++i) {
      CAPTURE(i);
      step_alone(*plain, ids[i]);
      REQUIRE(drafted->read_next(ids[i], nullptr));
      if (!drafted->cache().stale()) continue;
      ++waiting;
      if (waiting % 4 == 0) {
        const auto logits = logits_of(*drafted);
        StateWriter refused;
        CHECK(drafted->save(refused).error().code == ErrorCode::wrong_state);
        REQUIRE(drafted->settle(nullptr));
        CHECK(!drafted->cache().stale());
        CHECK(logits_of(*drafted) == logits);
        StateWriter writer;
        REQUIRE(drafted->save(writer));
        const std::vector<std::byte> saved = test::saved_bytes(writer);
        StateReader source("a state", {saved});
        REQUIRE(other->restore(source));
        CHECK(logits_of(*other) == logits);
      }
      if (waiting % 4 == 1) {
        const std::atomic<bool> cancel{true};
        CHECK(drafted->read(all.first(3), {}, &cancel).error().code == ErrorCode::cancelled);
      }
      if (waiting % 4 == 2) {  // a token that no draft foresaw, in a pass that has no room to repeat what was accepted
        step_alone(*drafted, 3);
        REQUIRE(drafted->rewind(drafted->tokens() - 1, {}, nullptr));
        REQUIRE(drafted->tokens() == plain->tokens());
      }
    }
    CHECK(waiting > 8);
    REQUIRE(drafted->rewind(60, {}, nullptr));  // the checkpoint behind the prompt
    REQUIRE(plain->rewind(60, {}, nullptr));
    for (Sequence* each : {plain.get(), drafted.get()}) test::read(*each, all.subspan(160, 20));
    check_same(*plain, *drafted);
  });
}

TEST_CASE("states: answers are the same with speculation and without, when they are saved and given again too") {
  for_each_drafting_model([](const auto& model) {
    std::string plain;
    for (const bool speculates : {false, true}) {
      generate::SessionOptions options;
      options.sequence.threads = 2;
      options.sequence.budget.kind = kv::BudgetRequest::Kind::full;
      options.sequence.speculation = {speculates, 15, true};
      options.sampling.temperature = 0;
      options.ignore_end_tokens = true;
      options.chat_template = "chatml";
      auto session = generate::Session::create(model, options);
      REQUIRE(session);
      REQUIRE((*session)->message("user", "the dog and the cat and the dog and the cat"));
      const std::string answer = test::pieces(**session, 40);
      auto copy = (*session)->fork();
      REQUIRE(copy);
      const std::string more = test::pieces(**copy, 10);
      CHECK(test::pieces(**session, 10) == more);
      REQUIRE((*session)->regenerate());
      CHECK(answer.starts_with(test::pieces(**session, 20)));
      if (!speculates) plain = answer + more;
      CHECK(answer + more == plain);
    }
  });
}
