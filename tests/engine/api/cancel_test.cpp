// brim_session_cancel() from another thread at moments all over a call: no request is ever lost. The two threads take
// turns through atomics, round by round.
#include <doctest/doctest.h>
#include <brim/brim.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/tiny_file.hpp"

namespace {

using brim::test::TinyFile;

struct Canceller {
  brim_session* session;
  std::atomic<int> pauses{-1};  ///< steps to wait before the next cancel; −1: none is requested, −2: the end
  std::thread thread{[this] { run(); }};

  explicit Canceller(brim_session* handle) : session(handle) {}
  ~Canceller() {
    pauses.store(-2);
    thread.join();
  }
  void run() {
    for (;;) {
      const int wait = pauses.load();
      if (wait == -2) return;
      if (wait < 0) {
        std::this_thread::yield();
        continue;
      }
      for (std::atomic<int> i{0}; i.load(std::memory_order_relaxed) < wait;) i.fetch_add(1, std::memory_order_relaxed);
      brim_session_cancel(session);
      pauses.store(-1);
    }
  }
  void begin(int wait) { pauses.store(wait); }
  void finish() const {
    while (pauses.load() != -1) std::this_thread::yield();
  }
};

brim_status next(brim_session* session) {
  brim_piece piece{};
  piece.size = sizeof piece;
  return brim_session_next(session, &piece);
}

}  // namespace

TEST_CASE("a cancel at any moment of a call ends it or the next one") {
  const TinyFile file;
  brim_model* model = nullptr;
  brim_session* session = nullptr;
  brim_options* options = nullptr;
  REQUIRE(brim_options_create(&options) == BRIM_OK);
  REQUIRE(brim_options_set(options, "chat.template", "chatml") == BRIM_OK);
  REQUIRE(brim_options_set(options, "stop.ignore_eos", "1") == BRIM_OK);
  REQUIRE(brim_model_load(file.path.c_str(), nullptr, nullptr, nullptr, &model) == BRIM_OK);
  REQUIRE(brim_session_create(model, options, &session) == BRIM_OK);
  {
    Canceller canceller(session);
    constexpr int kRounds = 600;
    int longest = 1000, ended_first = 0, ended_next = 0, lost = 0, other = 0;
    for (int round = 0; round < kRounds; ++round) {
      if (round % 10 == 0) REQUIRE(brim_session_clear(session) == BRIM_OK);
      if (round % 3 == 2) REQUIRE(brim_session_append(session, "x", 1, 1, 0) == BRIM_OK);
      canceller.begin(round * 7919 % longest);
      brim_status status = BRIM_OK;
      if (round % 3 == 0) status = brim_session_message(session, "user", "Tell me about the dog.", 22);
      if (round % 3 == 1) status = brim_session_append(session, "Tell me about the dog.", 22, 1, 0);
      if (round % 3 == 2) status = next(session);
      canceller.finish();
      if (status == BRIM_CANCELLED) {
        ++ended_first;
        longest = longest * 11 / 10;  // cancel later, until as many requests arrive after the call
      } else if (status != BRIM_OK) {
        ++other;
      } else if (next(session) == BRIM_CANCELLED) {
        ++ended_next;
        longest = longest * 10 / 11 + 10;
      } else {
        ++lost;
      }
      // One request ends one call.
      REQUIRE(brim_session_append(session, "and", 3, 0, 0) == BRIM_OK);
      REQUIRE(next(session) == BRIM_OK);
    }
    CHECK(lost == 0);
    CHECK(other == 0);
    CHECK(ended_first + ended_next == kRounds);
  }
  brim_session_free(session);
  brim_model_free(model);
  brim_options_free(options);
}

TEST_CASE("creating and restoring a session report what they prepare, and can be stopped") {
  const TinyFile file;
  const brim::Model model = brim::Model::load(file.path);
  struct Call {
    std::int64_t done, total;
  };
  std::vector<Call> calls;
  const auto record = [&](std::int64_t done, std::int64_t total) {
    calls.push_back({done, total});
    return true;
  };
  const auto refuse = [](std::int64_t done, std::int64_t total) { return done < total; };
  const auto cancelled = [](const std::function<void()>& work) {
    try {
      work();
    } catch (const brim::Exception& failure) {
      return failure.status() == BRIM_CANCELLED;
    }
    return false;
  };
  brim::Session session(model, {{"kv.budget", "full"}}, record);
  REQUIRE(calls.size() > 1);
  CHECK(calls.front().done == 0);
  CHECK(calls.back().done == calls.back().total);
  for (std::size_t i = 1; i < calls.size(); ++i) {
    CHECK(calls[i].done >= calls[i - 1].done);
    CHECK(calls[i].total == calls[0].total);
  }
  const std::size_t made = calls.size();
  session.append("the dog");
  session.fork();
  CHECK(calls.size() == made);  // only those of the call that creates it
  CHECK(cancelled([&] { brim::Session(model, {}, refuse); }));
  CHECK(cancelled([&] { brim::Session(model, {}, [](std::int64_t, std::int64_t) { return false; }); }));

  const std::string saved = file.folder.path + "/saved";
  session.save(saved);
  CHECK(cancelled([&] { brim::Session::restore(model, saved, {}, refuse); }));
  calls.clear();
  CHECK(brim::Session::restore(model, saved, {}, record).stats().tokens == session.stats().tokens);
  REQUIRE(!calls.empty());
  CHECK(calls.back().done == calls.back().total);
}
