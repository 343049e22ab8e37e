// Speculation changes no bit: not of the logits, not of the cache, not of the text — whatever was drafted, under every
// budget, with every sampler, stopped and continued anywhere.
#include "engine/run/speculation.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "engine/generate/session.hpp"
#include "tests/engine/generate/speculating.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/support/allocation_count.hpp"

using namespace brim;
using generate::End;
using generate::Piece;
using generate::Session;
using generate::SessionOptions;
using run::Sequence;
using run::SequenceOptions;

namespace {

/// Ids with repeated ranges, in some of which one token is exchanged.
std::vector<std::int32_t> repetitive_ids(std::size_t count) {
  std::vector<std::int32_t> ids = test::some_ids(40);
  test::Random random(99);
  const auto pick = [&](std::size_t below) { return random.next() % below; };
  while (ids.size() < count) {
    const std::size_t first = pick(ids.size() - 12), length = 3 + pick(24);
    for (std::size_t i = 0; i < length; ++i) ids.push_back(ids[first + i]);
    ids.push_back(static_cast<std::int32_t>(259 + pick(90)));
  }
  ids.resize(count);
  return ids;
}

/// With a rule whose drafts take no more staging than their entries.
SequenceOptions sequence_options(kernels::KvType type, const char* budget, int threads = 1) {
  SequenceOptions options;
  options.keep = &kv::window_rule();
  options.type = type;
  options.budget = *kv::parse_budget(budget);
  options.threads = threads;
  return options;
}

SessionOptions session_options(const char* budget) {
  SessionOptions options;
  options.sequence = sequence_options(kernels::KvType::f16, budget);
  options.chat_template = "chatml";
  options.ignore_end_tokens = true;
  return options;
}

std::unique_ptr<Session> open(const std::shared_ptr<const model::Model>& model, SessionOptions options, bool draft,
                              bool eager = true) {
  if (draft) options.sequence.speculation = {true, 15, eager};
  auto session = Session::create(model, options);
  if (!session) FAIL(session.error().sentence);
  return std::move(*session);
}

/// Takes one piece from both; they must agree in everything. Returns true while the answers continue.
bool step(Session& plain, Session& speculating) {
  const auto one = plain.next(), other = speculating.next();
  REQUIRE(one.ok() == other.ok());
  if (!one) return false;
  REQUIRE(one->id == other->id);
  REQUIRE(one->text == other->text);
  REQUIRE(one->end == other->end);
  REQUIRE(plain.sequence().tokens() == speculating.sequence().tokens());
  REQUIRE(plain.sequence().cache().next_position() == speculating.sequence().cache().next_position());
  REQUIRE(plain.sequence().cache().evicted() == speculating.sequence().cache().evicted());
  REQUIRE(plain.sequence().cache().bytes_used() == speculating.sequence().cache().bytes_used());
  REQUIRE(plain.timings().generated_tokens == speculating.timings().generated_tokens);
  return one->end == End::not_yet;
}

constexpr const char* kRefrain = "the dog and the cat and the sun, the dog and the cat and the sun, the dog and the";

}  // namespace

TEST_CASE("logits and cache keep every bit, for every type, budget, window and number of threads") {
  const auto ids = repetitive_ids(700);
  std::int64_t accepted = 0, rejected = 0;
  for (const std::int64_t window : {0, 40}) {
    test::TinyModel shape;
    shape.window = window;
    const auto model = test::tiny_model(shape);
    for (const auto type : {kernels::KvType::f32, kernels::KvType::f16, kernels::KvType::q4_0}) {
      for (const char* budget : {"full", "70%", "55%", "45%"}) {
        INFO("window ", window, ", budget ", budget);
        const auto counts = test::read_both_ways(model, sequence_options(type, budget), std::span(ids).first(120),
                                                 std::span(ids).subspan(120), type == kernels::KvType::f16 ? 2 : 1);
        CHECK(counts.accepted > 50);
        accepted += counts.accepted;
        rejected += counts.drafted - counts.accepted;
      }
    }
  }
  CHECK(accepted > 3000);
  CHECK(rejected > 3000);
}

TEST_CASE("every weight format gives a token the same bits alone and among drafts") {
  const auto ids = repetitive_ids(220);
  for (int format = 0; format < quant::kFormatCount; ++format) {
    test::TinyModel shape;
    shape.format = static_cast<quant::Format>(format);
    shape.embedding = shape.feed_forward = 256;
    shape.layers = 2;
    const auto model = test::tiny_model(shape);
    CAPTURE(quant::info(shape.format).name);
    const auto counts = test::read_both_ways(model, sequence_options(kernels::KvType::f16, "full"),
                                             std::span(ids).first(120), std::span(ids).subspan(120), 2);
    CHECK(counts.accepted > 10);
  }
}

TEST_CASE("answers are the same, greedy and sampled, speculation eagerly or as it pays") {
  const auto model = test::tiny_model();
  std::int64_t accepted = 0;
  for (const char* budget : {"full", "50%", "35%"}) {
    for (const double temperature : {0.0, 0.5, 1.2}) {
      for (const bool eager : {true, false}) {
        SessionOptions options = session_options(budget);
        options.sampling.temperature = temperature;
        options.sampling.top_k = 3;
        options.sampling.seed = 11;
        options.sampling.repeat_penalty = temperature > 1 ? 1.1 : 1.0;
        options.sampling.mirostat = temperature == 0.5 ? 2 : 0;
        const auto plain = open(model, options, false), speculating = open(model, options, true, eager);
        REQUIRE(plain->append(kRefrain, {}));
        REQUIRE(speculating->append(kRefrain, {}));
        for (int i = 0; i < 300; ++i) REQUIRE(step(*plain, *speculating));
        CHECK(plain->timings().drafted_tokens == 0);
        CHECK(speculating->timings().accepted_tokens <= speculating->timings().drafted_tokens);
        accepted += speculating->timings().accepted_tokens;
      }
    }
  }
  CHECK(accepted > 500);
}

TEST_CASE("conversations are the same: answers left anywhere, limits, stop strings, answers given again") {
  const auto model = test::tiny_model();
  for (const char* budget : {"full", "45%"}) {
    SessionOptions options = session_options(budget);
    options.sequence.split = &kv::uniform_split();  // a text in which enough drafts are accepted
    options.sampling.temperature = 0.4;
    options.sampling.top_k = 2;
    const auto plain = open(model, options, false), speculating = open(model, options, true);
    std::string said;
    for (int turn = 0; turn < 14; ++turn) {
      CAPTURE(turn);
      for (Session* each : {plain.get(), speculating.get()}) {
        each->set_limit(turn % 3 == 1 ? 7 : -1);
        each->set_stops(turn % 4 == 2 && said.size() > 6 ? std::vector{said.substr(said.size() / 2, 3)}
                                                         : std::vector<std::string>{});
        if (turn % 5 == 4) {
          REQUIRE(each->regenerate());
        } else {
          REQUIRE(each->message("user", kRefrain));
        }
      }
      // Answers of 0, 1, 2, … pieces: most end while drafts are waiting.
      said.clear();
      for (int i = 0; i < turn * 2; ++i) {
        if (!step(*plain, *speculating)) break;
      }
      CHECK(plain->finish().text == speculating->finish().text);
      REQUIRE(plain->messages() == speculating->messages());
      said = plain->messages();
    }
    CHECK(speculating->sequence().speculation().accepted > 20);
    for (Session* each : {plain.get(), speculating.get()}) {
      REQUIRE(each->clear());
      each->set_limit(-1);
      each->set_stops({});
      REQUIRE(each->append("abc", {}));
    }
    for (int i = 0; i < 40; ++i) REQUIRE(step(*plain, *speculating));
  }
}

TEST_CASE("going back in the middle of drafts is exact") {
  const auto model = test::tiny_model();
  const auto ids = repetitive_ids(200);
  for (const std::int64_t keep : {30, 100, 128, 129, 130}) {
    const auto options = sequence_options(kernels::KvType::f16, "full");
    const auto plain = test::open_sequence(model, options),
               speculating = test::open_sequence(model, test::speculating(options));
    for (Sequence* sequence : {plain.get(), speculating.get()}) {
      REQUIRE(sequence->read(std::span(ids).first(120), {}, nullptr));
      for (std::size_t i = 120; i < 130; ++i) REQUIRE(sequence->read_next(ids[i], nullptr));
    }
    for (Sequence* sequence : {plain.get(), speculating.get()}) REQUIRE(sequence->rewind(keep, {}, nullptr));
    for (std::size_t i = static_cast<std::size_t>(keep); i < 200; ++i) {
      REQUIRE(plain->read_next(ids[i], nullptr));
      REQUIRE(speculating->read_next(ids[i], nullptr));
      REQUIRE(test::same_state(*plain, *speculating));
    }
    CHECK(speculating->speculation().accepted > 10);
  }
}

TEST_CASE("a verification that is cancelled can be taken up again") {
  const auto model = test::tiny_model();
  const auto ids = repetitive_ids(400);
  const auto options = sequence_options(kernels::KvType::f16, "45%");
  const auto plain = test::open_sequence(model, options),
             speculating = test::open_sequence(model, test::speculating(options));
  REQUIRE(plain->read(std::span(ids).first(120), {}, nullptr));
  REQUIRE(speculating->read(std::span(ids).first(120), {}, nullptr));
  const std::atomic<bool> cancel{true};
  int cancelled = 0;
  for (std::size_t i = 120; i < ids.size(); ++i) {
    const Status status = speculating->read_next(ids[i], &cancel);
    if (!status) {
      REQUIRE(status.error().code == ErrorCode::cancelled);
      REQUIRE(!speculating->cache().stale());
      REQUIRE(speculating->read_next(ids[i], nullptr));
      ++cancelled;
    }
    REQUIRE(plain->read_next(ids[i], nullptr));
    REQUIRE(test::same_state(*plain, *speculating));
  }
  CHECK(cancelled > 20);
}

TEST_CASE("cancelling from another thread at any moment leaves the text as it would have been") {
  const auto model = test::tiny_model();
  SessionOptions options = session_options("45%");
  options.sampling.temperature = 0.3;
  options.sampling.top_k = 2;
  const auto plain = open(model, options, false), speculating = open(model, options, true);
  REQUIRE(plain->append(kRefrain, {}));
  REQUIRE(speculating->append(kRefrain, {}));
  // Every other attempt is cancelled once, some time after it began; however slow the machine, the other attempts
  // finish.
  std::atomic<int> attempt{0};
  std::thread nuisance([&] {
    test::Random random(1);
    for (int seen = 0, now = 0; (now = attempt.load()) >= 0;) {
      if (now == seen || now % 2 == 0) {
        std::this_thread::yield();
        continue;
      }
      seen = now;
      for (std::int64_t looks = random.pick(0, 99999); looks > 0 && attempt.load() == now; --looks) {
      }
      speculating->cancel();
    }
  });
  std::vector<std::int32_t> expected, ids;
  for (int i = 0; i < 250; ++i) expected.push_back(plain->next()->id);
  while (ids.size() < expected.size()) {
    attempt.fetch_add(1);
    const auto piece = speculating->next();
    if (piece) ids.push_back(piece->id);
  }
  attempt.store(-1);
  nuisance.join();
  CHECK(ids == expected);
}

TEST_CASE("decoding with drafts allocates nothing") {
  const auto model = test::tiny_model();
  const auto ids = repetitive_ids(600);
  const auto sequence = test::open_sequence(model, test::speculating(sequence_options(kernels::KvType::f16, "45%", 2)));
  REQUIRE(sequence->read(std::span(ids).first(300), {}, nullptr));
  const std::size_t before = test::allocation_count();
  for (std::size_t i = 300; i < ids.size(); ++i) {
    const Status status = sequence->read_next(ids[i], nullptr);
    const auto logits = sequence->logits();
    if (!status || !logits) FAIL("decoding failed");
  }
  CHECK(test::allocation_count() == before);
  CHECK(sequence->speculation().accepted > 50);
}

TEST_CASE("what speculation needs is booked, and only with it") {
  const auto model = test::tiny_model();
  SequenceOptions options = sequence_options(kernels::KvType::f16, "full");
  const auto off = run::plan_memory(model->config(), model->table(), options);
  const auto on = run::plan_memory(model->config(), model->table(), test::speculating(options));
  const auto few = run::plan_memory(model->config(), model->table(), test::speculating(options, 3));
  REQUIRE(off);
  REQUIRE(on);
  REQUIRE(few);
  CHECK(off->tokens_together == 1);
  CHECK(off->speculation_bytes == 0);
  CHECK(on->tokens_together == 16);
  CHECK(few->tokens_together == 4);
  CHECK(off->logit_bytes < few->logit_bytes);
  CHECK(few->logit_bytes < on->logit_bytes);
  CHECK(on->kv.budget_bytes == off->kv.budget_bytes);
  CHECK(on->kv.chunk == off->kv.chunk);
}
