// Every allocation fails, one after another, alone and with all that follow, while a model is loaded, a session
// created, copied, saved and restored, and a message answered: each time the call ends with a status and a sentence,
// nothing leaks, and the next try works.
#include <brim/brim.h>
#include <doctest/doctest.h>

#include <cstring>
#include <functional>
#include <string>
#include <thread>

#include "tests/memory/failing_malloc.hpp"
#include "tests/memory/long_chat.hpp"

using brim::test::allocation_failed;
using brim::test::fail_allocation;
using brim::test::Failing;
using brim::test::live_allocations;
using brim::test::Where;

namespace {

using brim::test::ChatModelFile;

struct Tally {
  long failed = 0;    ///< allocations that failed, until `work` needed no more
  long shrugged = 0;  ///< of these: the call succeeded without them (a limit not read, a sort without its buffer)
};

std::string name_of(Failing how) { return how == Failing::once ? ", once" : ", from then on"; }

struct Outcome {
  brim_status status = BRIM_OK;
  std::string sentence;
  bool failed = false;  ///< an allocation
  long leaked = 0;      ///< allocations, where success was undone
};

// Calls work() on a new thread whose allocation number `index` fails, so that the call's error is that thread's first
// error.
Outcome call_failing(const std::function<brim_status()>& work, const std::function<void()>& undo, long index,
                     Failing how) {
  Outcome outcome;
  std::thread([&] {
    const long before = live_allocations();
    fail_allocation(index, how);
    outcome.status = work();
    const char* const sentence = brim_last_error();
    outcome.failed = allocation_failed();
    if (outcome.status == BRIM_OK && undo) undo();
    if (undo) outcome.leaked = live_allocations() - before;
    outcome.sentence = sentence;
  }).join();
  return outcome;
}

constexpr long kRetried = 16;  ///< after this many failures the call is made once without a failure
constexpr long kEach = 300;    ///< this many are tried one by one also with all that follow, then every third

// Calls work() with allocation 0, 1, 2, … failing, alone and with all that follow, until it makes no more allocations;
// after a failure the same call works. `undo` frees what a success created; without `undo` a success may keep it.
Tally fail_each(const std::function<brim_status()>& work, const std::function<void()>& undo) {
  // Once without a failure, because objects may be created at a first use and kept.
  REQUIRE(work() == BRIM_OK);
  if (undo) undo();
  Tally tally;
  const long before = live_allocations();
  long given_up = 0;  // blocks that a session keeps spare, which later calls may use again
  for (const Failing how : {Failing::once, Failing::from_then_on}) {
    for (long index = 0;; index += how == Failing::once || index < kEach ? 1 : 3) {
      const Outcome outcome = call_failing(work, undo, index, how);
      if (!outcome.failed) break;
      ++tally.failed;
      INFO("allocation ", index, name_of(how), ", status ", static_cast<int>(outcome.status), ": ", outcome.sentence);
      if (outcome.status == BRIM_OK) {
        ++tally.shrugged;
      } else {
        REQUIRE(outcome.status == BRIM_OUT_OF_MEMORY);
        REQUIRE(outcome.sentence.size() > 10);
        if (index % kRetried == 0) {
          REQUIRE(work() == BRIM_OK);
          if (undo) undo();
        }
      }
      REQUIRE(outcome.leaked <= given_up);
      given_up -= outcome.leaked;
    }
  }
  if (undo) {
    REQUIRE(work() == BRIM_OK);
    undo();
    REQUIRE(live_allocations() <= before);
  }
  return tally;
}

struct Loaded {
  const ChatModelFile file;
  brim_model* model = nullptr;
  brim_options* options = brim::test::chat_options();
  Loaded() {
    brim_options* one = nullptr;
    REQUIRE(brim_options_create(&one) == BRIM_OK);
    REQUIRE(brim_options_set(one, "threads", "1") == BRIM_OK);
    REQUIRE(brim_model_load(file.path.c_str(), one, nullptr, nullptr, &model) == BRIM_OK);
    brim_options_free(one);
  }
  ~Loaded() {
    brim_options_free(options);
    brim_model_free(model);
  }
};

}  // namespace

TEST_CASE("loading a model") {
  const ChatModelFile file;
  for (const char* weights : {"private", "file"}) {
    INFO(weights);
    brim_options* options = nullptr;
    brim_model* model = nullptr;
    const Tally tally = fail_each(
        [&] {
          model = nullptr;
          options = nullptr;
          brim_status status = brim_options_create(&options);
          if (status == BRIM_OK) status = brim_options_set(options, "threads", "1");
          if (status == BRIM_OK) status = brim_options_set(options, "weights", weights);
          if (status == BRIM_OK) status = brim_model_load(file.path.c_str(), options, nullptr, nullptr, &model);
          if (status != BRIM_OK) CHECK(model == nullptr);
          brim_options_free(options);
          return status;
        },
        [&] { brim_model_free(model); });
    MESSAGE(tally.failed, " allocations, ", tally.shrugged, " not missed");
    CHECK(tally.failed > 500);
    CHECK(tally.shrugged < tally.failed / 10);
  }
}

TEST_CASE("planning and creating a session") {
  const Loaded loaded;
  brim_plan plan{};
  plan.size = sizeof plan;
  const Tally planned =
      fail_each([&] { return brim_plan_get(loaded.file.path.c_str(), nullptr, loaded.options, &plan); }, [] {});
  CHECK(planned.failed > 100);
  for (const char* keep : {"window", "dynsplit"}) {
    brim_session* session = nullptr;
    REQUIRE(brim_options_set(loaded.options, "kv.keep", keep) == BRIM_OK);
    const Tally tally = fail_each([&] { return brim_session_create(loaded.model, loaded.options, &session); },
                                  [&] { brim_session_free(session); });
    MESSAGE(keep, ": ", tally.failed, " allocations, ", tally.shrugged, " not missed");
    CHECK(tally.failed > 100);
    CHECK(tally.shrugged < tally.failed / 10);
  }
}

// A profile is stored in the model's file or next to it; the demo model carries one.
TEST_CASE("a session of a model with a profile") {
  const std::string demo = std::string(BRIM_SOURCE_DIR) + "/models/brim-demo.gguf";
  brim_model* model = nullptr;
  brim_options* options = nullptr;
  REQUIRE(brim_options_create(&options) == BRIM_OK);
  REQUIRE(brim_options_set(options, "threads", "1") == BRIM_OK);
  REQUIRE(brim_model_load(demo.c_str(), options, nullptr, nullptr, &model) == BRIM_OK);
  brim_options_free(options);
  REQUIRE(brim_options_create(&options) == BRIM_OK);
  REQUIRE(brim_options_set(options, "kv.budget", "1MiB") == BRIM_OK);
  for (const char* split : {"depth", "joint"}) {
    REQUIRE(brim_options_set(options, "kv.split", split) == BRIM_OK);
    brim_session* session = nullptr;
    const Tally tally =
        fail_each([&] { return brim_session_create(model, options, &session); }, [&] { brim_session_free(session); });
    MESSAGE(split, ": ", tally.failed, " allocations, ", tally.shrugged, " not missed");
    CHECK(tally.failed > 500);
    CHECK(tally.shrugged < tally.failed / 10);
  }
  brim_options_free(options);
  brim_model_free(model);
}

TEST_CASE("copying, saving and restoring a session: what fails leaves the first one as it was") {
  const Loaded loaded;
  const ChatModelFile saved;  // is overwritten
  brim_session* session = nullptr;
  REQUIRE(brim_session_create(loaded.model, loaded.options, &session) == BRIM_OK);
  REQUIRE(brim::test::chat_turn(session, 0));
  brim_session* other = nullptr;
  const Tally copied = fail_each([&] { return brim_session_fork(session, &other); }, [&] { brim_session_free(other); });
  const Tally written = fail_each([&] { return brim_session_save(session, saved.path.c_str()); }, [] {});
  const Tally restored =
      fail_each([&] { return brim_session_restore(loaded.model, nullptr, saved.path.c_str(), &other); },
                [&] { brim_session_free(other); });
  MESSAGE(copied.failed, ", ", written.failed, " and ", restored.failed, " allocations");
  CHECK(copied.failed > 50);
  CHECK(written.failed > 10);
  CHECK(restored.failed > 100);
  CHECK(brim::test::chat_turn(session, 1));
  brim_session_free(session);
}

TEST_CASE("saying something: a session that ran out can be cleared and goes on") {
  const Loaded loaded;
  brim_session* session = nullptr;
  REQUIRE(brim_session_create(loaded.model, loaded.options, &session) == BRIM_OK);
  const Tally tally = fail_each(
      [&] {
        const char* json = nullptr;
        std::size_t size = 0;
        brim_status status = brim_session_message(session, "user", "the dog </s> was here", 21);
        brim_piece piece{};
        piece.size = sizeof piece;
        for (int i = 0; i < 4 && status == BRIM_OK; ++i) status = brim_session_next(session, &piece);
        if (status == BRIM_OK) status = brim_session_messages(session, &json, &size);
        if (status == BRIM_OK) status = brim_session_set(session, "dry_multiplier", "0.5");
        return status;
      },
      {});
  MESSAGE(tally.failed, " allocations, ", tally.shrugged, " not missed");
  brim_session_clear(session);
  CHECK(brim::test::chat_turn(session, 0));
  brim_session_free(session);
}
