// Layers that keep a state of fixed size, in tiny models with random weights: threads and company change no bit, and
// neither does processing a text again; states are saved, taken back and rebased beyond the context. Whether the numbers
// are right: recurrent_golden.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/state.hpp"
#include "engine/model/layers/mixer.hpp"
#include "tests/engine/generate/as_alone.hpp"
#include "tests/engine/generate/cached.hpp"
#include "tests/engine/generate/inside_budget.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/engine/generate/together.hpp"
#include "tests/support/saved_bytes.hpp"
#include "tests/support/tiny_recurrent.hpp"

using namespace brim;
using run::Sequence;
using test::go_on;
using test::logits_of;
using test::read;

namespace {

using Ids = std::span<const std::int32_t>;

/// The logits of a new sequence that processes prompts, each by a call of its own, and then `more`.
std::vector<float> fresh_after(const std::shared_ptr<const model::Model>& model, const std::vector<Ids>& prompts,
                               Ids more) {
  const auto sequence = test::tiny_sequence(model, {.threads = 1});
  for (const Ids prompt : prompts) read(*sequence, prompt);
  go_on(*sequence, more);
  return logits_of(*sequence);
}
std::vector<float> fresh(const std::shared_ptr<const model::Model>& model, Ids prompt, Ids more) {
  return fresh_after(model, {prompt}, more);
}

template <class Check>
void for_each_model(Check check) {
  for (const std::string architecture : test::kTinyRecurrent) {
    CAPTURE(architecture);
    check(test::tiny_model(test::tiny_recurrent(architecture)));
  }
}

}  // namespace

TEST_CASE("every token changes the state, and the state decides") {
  for_each_model([](const auto& model) {
    const auto ids = test::some_ids(60);
    const auto logits = fresh(model, ids, {});
    for (const float logit : logits) REQUIRE(std::isfinite(logit));
    constexpr std::size_t kChanged[] = {1, 30, 58};
    for (const std::size_t changed : kChanged) {
      auto other = ids;
      other[changed] = other[changed] == 300 ? 301 : 300;
      CHECK(test::largest_difference(fresh(model, other, {}), logits) > 0);
    }
    const auto sequence = test::tiny_sequence(model, {});
    read(*sequence, ids);
    CHECK(sequence->memory().kv.state_bytes > 0);
    CHECK(sequence->cache().bytes_used() <= sequence->memory().kv.budget_bytes);
  });
}

TEST_CASE("a prompt by several calls is the same but for rounding, and bit for bit where no recurrence has blocks") {
  for_each_model([](const auto& model) {
    const auto ids = test::some_ids(200);
    const auto whole = test::tiny_sequence(model, {.type = "f32"});
    CHECK(whole->memory().block == model::block_tokens(model->config()));
    read(*whole, ids);
    const auto logits = logits_of(*whole);
    constexpr std::size_t kPieces[] = {1, 7, 16, 130};
    for (const std::size_t piece : kPieces) {
      CAPTURE(piece);
      const auto pieces = test::tiny_sequence(model, {.type = "f32"});
      for (std::size_t at = 0; at < 200; at += piece) {
        read(*pieces, Ids(ids).subspan(at, std::min<std::size_t>(piece, 200 - at)));
      }
      CHECK(test::largest_difference(logits_of(*pieces), logits) <= 1e-3);
      if (whole->memory().block == 0) CHECK(logits_of(*pieces) == logits);
    }
  });
}

TEST_CASE("a prompt on any number of threads gives the same bits, beyond the context too") {
  for_each_model([](const auto& model) {
    const auto ids = test::some_ids(700);  // the context has 256 positions
    const auto whole = test::tiny_sequence(model, {.threads = 1});
    read(*whole, Ids(ids).first(200));
    const auto threads = test::tiny_sequence(model, {.threads = 3});
    read(*threads, Ids(ids).first(200));
    for (Sequence* sequence : {whole.get(), threads.get()}) {
      read(*sequence, Ids(ids).subspan(200));
      CHECK(sequence->cache().rebased() > 0);
    }
    CHECK(logits_of(*threads) == logits_of(*whole));
    for (const float logit : logits_of(*whole)) REQUIRE(std::isfinite(logit));
  });
}

TEST_CASE("sequences in one pass compute what each computes alone") {
  for_each_model([](const auto& model) {
    const auto ids = test::some_ids(90);
    auto executor = std::make_shared<run::Executor>(model, 3);
    std::vector<Ids> prompts;
    for (std::size_t i = 0; i < 4; ++i) prompts.push_back(Ids(ids).subspan(i, 10 + 7 * i));
    const test::Sequences sequences = test::sequences_after(model, executor, prompts);
    for (std::size_t step = 0; step < 6; ++step) test::step_together(*executor, sequences, ids[40 + step]);
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(logits_of(*sequences[i]) == fresh(model, prompts[i], Ids(ids).subspan(40, 6)));
    }
  });
}

TEST_CASE("saved, restored and taken back, a text goes on as if it had been processed alone") {
  for_each_model([](const auto& model) {
    const auto ids = test::some_ids(100);
    const auto part = [&](std::size_t from, std::size_t to) { return Ids(ids).subspan(from, to - from); };
    const auto sequence = test::tiny_sequence(model, {}), other = test::tiny_sequence(model, {.threads = 1});
    REQUIRE(sequence->memory().kv.checkpoints == 1);
    read(*sequence, part(0, 40));
    go_on(*sequence, part(40, 45));
    StateWriter writer;
    REQUIRE(sequence->save(writer));
    const std::vector<std::byte> saved = test::saved_bytes(writer);
    StateReader state("a state", {saved});
    REQUIRE(other->restore(state));
    for (Sequence* each : {sequence.get(), other.get()}) {
      go_on(*each, part(45, 50));
      CHECK(logits_of(*each) == fresh(model, part(0, 40), part(40, 50)));
      REQUIRE(each->rewind(40, {}, nullptr));  // the checkpoint behind the prompt
      go_on(*each, part(60, 70));
      CHECK(logits_of(*each) == fresh(model, part(0, 40), part(60, 70)));
      REQUIRE(each->rewind(20, {}, nullptr));  // before it: from the beginning
      read(*each, part(70, 80));
      CHECK(logits_of(*each) == fresh_after(model, {part(0, 20), part(70, 80)}, {}));
    }
  });
}

TEST_CASE("a cancelled prompt leaves nothing behind") {
  for_each_model([](const auto& model) {
    const auto ids = test::some_ids(120);
    const auto sequence = test::tiny_sequence(model, {});
    read(*sequence, Ids(ids).first(40));
    std::atomic<bool> cancel{true};
    CHECK(sequence->read(Ids(ids).subspan(40), {}, &cancel).error().code == ErrorCode::cancelled);
    read(*sequence, Ids(ids).subspan(40));
    CHECK(logits_of(*sequence) == fresh_after(model, {Ids(ids).first(40), Ids(ids).subspan(40)}, {}));
  });
}

TEST_CASE("a prompt that is stopped between two blocks and taken up again is what it would have been") {
  for_each_model([](const auto& model) {
    const auto ids = test::some_ids(200);
    const auto sequence = test::tiny_sequence(model, {});
    const Status stopped = sequence->read(
        ids, [](long long done, long long) { return done < 100; }, nullptr);
    CHECK(stopped.error().code == ErrorCode::cancelled);
    const auto done = static_cast<std::size_t>(sequence->tokens());
    REQUIRE(done >= 100);
    REQUIRE(done < 200);
    read(*sequence, Ids(ids).subspan(done));
    CHECK(logits_of(*sequence) == fresh(model, ids, {}));
  });
}

TEST_CASE("a prompt that is replaced from inside a block is what it would have been at once") {
  for_each_model([](const auto& model) {
    const auto ids = test::some_ids(150);
    const auto sequence = test::tiny_sequence(model, {});
    constexpr std::size_t kKept[] = {99, 70, 64, 33, 5};
    for (const std::size_t kept : kKept) {
      CAPTURE(kept);
      read(*sequence, Ids(ids).first(100));
      go_on(*sequence, Ids(ids).subspan(100, 3));
      std::vector<std::int32_t> text(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(kept));
      text.insert(text.end(), ids.begin() + 110, ids.begin() + 150);
      REQUIRE(sequence->read_from(static_cast<std::int64_t>(kept), Ids(text).subspan(kept), {}, nullptr));
      CHECK(sequence->tokens() == static_cast<std::int64_t>(text.size()));
      CHECK(std::equal(text.begin(), text.end(), sequence->history().begin(), sequence->history().end()));
      CHECK(logits_of(*sequence) == fresh(model, text, {}));
      sequence->clear();
    }
    // As for another answer: the last token is processed again.
    read(*sequence, Ids(ids).first(100));
    const auto logits = logits_of(*sequence);
    go_on(*sequence, Ids(ids).subspan(100, 3));
    REQUIRE(sequence->read_from(99, Ids(ids).subspan(99, 1), {}, nullptr));
    CHECK(logits_of(*sequence) == logits);
  });
}

TEST_CASE("states and entries are inside the budget at every step, and less than the smallest is refused") {
  for_each_model([](const auto& model) { test::check_inside_budget(model); });
}
