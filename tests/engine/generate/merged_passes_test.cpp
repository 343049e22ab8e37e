// Callers that wait for the executor share its next pass: one pass for all of them, and for each the text, the failure
// and the cancelling that it has alone. Passes are counted, and the turn is held until all wait, so that no clock
// decides.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/generate/session.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/support/allocation_count.hpp"
#include "tests/support/thread_sanitizer.hpp"

using namespace brim;
using generate::Piece;
using generate::Session;
using generate::SessionOptions;

namespace {

using Model = std::shared_ptr<const model::Model>;

/// Session `number`: its own budget, rule, seed and prompt, drafts in every third session.
SessionOptions options_of(std::size_t number) {
  static const kv::Rule* const kRules[] = {&kv::window_rule(), &kv::tova_rule(), &kv::dynsplit_rule()};
  SessionOptions options;
  options.sequence.threads = 2;
  options.sequence.budget = *kv::parse_budget(std::to_string(45 + 5 * (number % 8)) + "%");
  options.sequence.keep = kRules[number % 3];
  if (number % 3 == 0) options.sequence.speculation = {true, 3, true};
  options.sampling.seed = number;
  options.sampling.top_k = 3;
  options.ignore_end_tokens = true;
  return options;
}

/// A session whose first token is picked, so that its next call has one to process.
std::unique_ptr<Session> talker(const Model& model, const std::shared_ptr<run::Executor>& executor,
                                std::size_t number) {
  SessionOptions options = options_of(number);
  options.sequence.executor = executor;
  auto session = Session::create(model, options);
  if (!session) FAIL(session.error().sentence);
  std::string text = "the dog and the cat and the dog and the cat";
  text.append(number, 'a');
  REQUIRE((*session)->append(text, {}));
  REQUIRE((*session)->next());
  return std::move(*session);
}

struct Talkers {
  std::shared_ptr<run::Executor> executor;
  std::vector<std::unique_ptr<Session>> sessions, alone;

  /// Sessions `first`, `first` + `stride`, …; from 1 on with a stride of 3 none of them drafts.
  Talkers(const Model& model, std::size_t count, std::size_t first = 0, std::size_t stride = 1)
      : executor(std::make_shared<run::Executor>(model, 2)) {
    for (std::size_t i = 0; i < count; ++i) {
      sessions.push_back(talker(model, executor, first + stride * i));
      alone.push_back(talker(model, nullptr, first + stride * i));
    }
  }

  /// Runs the calls in threads that all wait, in their order, before the first of them gets its turn; `meanwhile` runs
  /// before that. Returns the number of passes.
  std::uint64_t together(const std::vector<std::function<void()>>& calls, const std::function<void()>& meanwhile = {}) {
    std::vector<std::thread> threads;
    const std::uint64_t before = executor->passes();
    {
      const run::Executor::Turn turn = executor->turn();
      for (std::size_t i = 0; i < calls.size(); ++i) {
        threads.emplace_back(calls[i]);
        while (executor->waiting() < i + 1) std::this_thread::yield();
      }
      if (meanwhile) meanwhile();
    }
    for (std::thread& thread : threads) thread.join();
    return executor->passes() - before;
  }
};

void same_piece(const Result<Piece>& one, const Result<Piece>& other) {
  REQUIRE(one.ok());
  REQUIRE(other.ok());
  CHECK(one->id == other->id);
  CHECK(one->text == other->text);
  CHECK(one->end == other->end);
}

}  // namespace

TEST_CASE("threads that wait with a token each share one pass, and say what each says alone") {
  test::TinyModel shape;
  shape.format = quant::Format::q8_0;
  const Model model = test::tiny_model(shape);
  for (const std::size_t count : {2u, 5u}) {
    CAPTURE(count);
    Talkers talkers(model, count);
    std::size_t shared = 0;
    for (int step = 0; step < 40; ++step) {
      // A session that knows its next result already, from a draft, needs no pass and would not wait.
      std::vector<std::optional<Result<Piece>>> pieces(count);
      std::vector<std::function<void()>> calls;
      for (std::size_t i = 0; i < count; ++i) {
        const auto next = [&talkers, &pieces, i] { pieces[i] = talkers.sessions[i]->next(); };
        if (talkers.sessions[i]->sequence().cache().drafts_left() > 0) {
          next();
        } else {
          calls.push_back(next);
        }
      }
      if (!calls.empty()) {
        CHECK(talkers.together(calls) == 1);
        shared += calls.size() > 1 ? 1 : 0;
      }
      for (std::size_t i = 0; i < count; ++i) same_piece(*pieces[i], talkers.alone[i]->next());
    }
    CHECK(shared > 10);
  }
}

TEST_CASE("more than fit in one pass take several, and none waits for ever") {
  const Model model = test::tiny_model();
  constexpr std::size_t kCount = 19;
  Talkers talkers(model, kCount, 1, 3);
  for (int step = 0; step < 6; ++step) {
    std::vector<std::optional<Result<Piece>>> pieces(kCount);
    std::vector<std::function<void()>> calls;
    for (std::size_t i = 0; i < kCount; ++i) {
      calls.emplace_back([&, i] { pieces[i] = talkers.sessions[i]->next(); });
    }
    CHECK(talkers.together(calls) == 2);  // 16 and 3
    for (std::size_t i = 0; i < kCount; ++i) same_piece(*pieces[i], talkers.alone[i]->next());
  }
}

TEST_CASE("a caller with several sessions, threads with one, and a prompt") {
  const Model model = test::tiny_model();
  Talkers talkers(model, 6, 1, 3);
  const auto prompt = talker(model, talkers.executor, 1), other_prompt = talker(model, nullptr, 1);
  for (int step = 0; step < 4; ++step) {
    std::vector<std::optional<Result<Piece>>> pieces(6);
    const std::vector<std::function<void()>> calls{[&] { pieces[0] = talkers.sessions[0]->next(); },
                                                   [&] { CHECK(prompt->append("more and more", {})); },
                                                   [&] {
                                                     std::array<Session*, 4> some;
                                                     for (std::size_t i = 0; i < 4; ++i)
                                                       some[i] = talkers.sessions[i + 1].get();
                                                     Session::next_together(some, std::span(pieces).subspan(1, 4));
                                                   },
                                                   [&] { pieces[5] = talkers.sessions[5]->next(); }};
    CHECK(talkers.together(calls) == 1);  // the prompt has a turn of its own
    for (std::size_t i = 0; i < 6; ++i) same_piece(*pieces[i], talkers.alone[i]->next());
    REQUIRE(other_prompt->append("more and more", {}));
    same_piece(prompt->next(), other_prompt->next());
  }
}

TEST_CASE("sessions that are stepped together draft, too, and their texts are the same") {
  const Model model = test::tiny_model();
  for (const std::size_t count : {2u, 5u, 16u}) {
    CAPTURE(count);
    // Each session with drafts, and as it is alone without them.
    Talkers talkers(model, 0);
    for (std::size_t i = 0; i < count; ++i) {
      const auto open = [&](bool drafts) {
        SessionOptions options = options_of(i);
        options.sequence.budget = *kv::parse_budget("full");
        options.sequence.keep = &kv::window_rule();
        options.sequence.speculation = {drafts, 5, true};
        if (drafts) options.sequence.executor = talkers.executor;
        options.sampling.temperature = 0;
        auto session = Session::create(model, options);
        if (!session) FAIL(session.error().sentence);
        REQUIRE((*session)->append("the dog and the cat and the dog and the cat" + std::string(i, 'a'), {}));
        return std::move(*session);
      };
      talkers.sessions.push_back(open(true));
      talkers.alone.push_back(open(false));
    }
    std::vector<Session*> all;
    for (const auto& session : talkers.sessions) all.push_back(session.get());
    constexpr std::uint64_t kSteps = 60;
    const std::uint64_t before = talkers.executor->passes();
    for (std::uint64_t step = 0; step < kSteps; ++step) {
      std::vector<std::optional<Result<Piece>>> pieces(count);
      Session::next_together(all, pieces);
      for (std::size_t i = 0; i < count; ++i) same_piece(*pieces[i], talkers.alone[i]->next());
    }
    std::int64_t drafted = 0, accepted = 0;
    for (const Session* session : all) {
      drafted += session->timings().drafted_tokens;
      accepted += session->timings().accepted_tokens;
    }
    if (count == 16) {
      CHECK(drafted == 0);  // there is no row left for drafts
    } else {
      CHECK(accepted > 0);
      CHECK(drafted >= accepted);
    }
    CHECK(talkers.executor->passes() - before < kSteps);
    if (count == 2) CHECK(talkers.executor->passes() - before < kSteps - 5);
  }
}

TEST_CASE("one that is cancelled while it waits fails alone, and goes on where it was") {
  const Model model = test::tiny_model();
  Talkers talkers(model, 4, 1, 3);
  for (const std::size_t victim : {0u, 2u, 3u}) {
    CAPTURE(victim);
    std::vector<std::optional<Result<Piece>>> pieces(4);
    std::vector<std::function<void()>> calls;
    for (std::size_t i = 0; i < 4; ++i) calls.emplace_back([&, i] { pieces[i] = talkers.sessions[i]->next(); });
    CHECK(talkers.together(calls, [&] { talkers.sessions[victim]->cancel(); }) == 1);
    for (std::size_t i = 0; i < 4; ++i) {
      if (i == victim) {
        REQUIRE(!pieces[i]->ok());
        CHECK(pieces[i]->error().code == ErrorCode::cancelled);
        pieces[i] = talkers.sessions[i]->next();
      }
      same_piece(*pieces[i], talkers.alone[i]->next());
    }
  }
}

TEST_CASE("a shared pass allocates nothing") {
  const Model model = test::tiny_model();
  Talkers talkers(model, 5);
  std::atomic<int> ready{0}, finished{0}, failed{0};
  std::atomic<bool> go{false}, all_done{false};
  std::vector<std::thread> threads;
  for (auto& session : talkers.sessions) {
    threads.emplace_back([&, each = session.get()] {
      ++ready;
      while (!go) std::this_thread::yield();
      for (int step = 0; step < 50; ++step) failed += each->next().ok() ? 0 : 1;
      ++finished;
      while (!all_done) std::this_thread::yield();
    });
  }
  while (ready < 5) std::this_thread::yield();
  const std::size_t before = test::allocation_count();
  go = true;
  while (finished < 5) std::this_thread::yield();
  const std::size_t after = test::allocation_count();
  all_done = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 0);
  CHECK(after == before);
}

#if !BRIM_THREAD_SANITIZER

TEST_CASE("a forked child goes on by itself, whoever computed or waited in the parent") {
  const Model model = test::tiny_model();
  Talkers talkers(model, 5);
  std::vector<std::thread> threads;
  pid_t child = 0;
  {
    const run::Executor::Turn turn = talkers.executor->turn();
    for (std::size_t i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] { CHECK(talkers.sessions[i]->next()); });
    }
    while (talkers.executor->waiting() < 4) std::this_thread::yield();
    child = ::fork();
    if (child == 0) {
      ::alarm(60);  // ends the child if it would wait for ever
      bool same = true;
      for (int step = 0; step < 8; ++step) {
        const auto one = talkers.sessions[4]->next(), other = talkers.alone[4]->next();
        same = same && one && other && one->id == other->id;
      }
      ::_exit(same ? 0 : 1);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  for (std::thread& thread : threads) thread.join();
}

#endif
