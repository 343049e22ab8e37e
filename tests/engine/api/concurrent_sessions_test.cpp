// One model and many sessions, each in its own thread: every session gives the text that it gives alone. The thread
// sanitizer checks this test (docs/testing.md).
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "brim/brim.hpp"
#include "tests/support/tiny_file.hpp"

namespace {

constexpr int kSessions = 16;

brim::Model tiny(const char* threads) {
  return brim::Model::load(brim::test::TinyFile().path, {{"threads", threads}, {"kv.pool", "16MiB"}});
}

/// The text of session `number`: its own budget, rule, prompt and seed; the second half comes from a copy of the
/// session.
std::string talk(const brim::Model& model, int number) {
  static constexpr const char* kRules[] = {"window", "snapkv", "dynsplit", "tova", "distinct"};
  const std::string seed = std::to_string(number), budget = std::to_string(30 + 4 * number) + "%";
  brim::Session first(model, {{"kv.budget", budget.c_str()},
                              {"kv.keep", kRules[number % 5]},
                              {"seed", seed.c_str()},
                              {"stop.ignore_eos", "1"},
                              {"chat.template", "chatml"}});
  first.message("user", std::string(static_cast<std::size_t>(80 + 10 * number), static_cast<char>('a' + number)));
  std::string text;
  for (int i = 0; i < 20; ++i) text += first.next().text;
  brim::Session second = first.fork();
  for (int i = 0; i < 20; ++i) text += second.next().text;
  return text + second.messages();
}

}  // namespace

TEST_CASE("sixteen sessions in sixteen threads say what each says alone") {
  for (const char* threads : {"1", "2"}) {
    const brim::Model model = tiny(threads);
    std::vector<std::string> alone, together(kSessions);
    for (int i = 0; i < kSessions; ++i) alone.push_back(talk(model, i));
    std::vector<std::thread> workers;
    for (int i = 0; i < kSessions; ++i) {
      workers.emplace_back([&, i] {
        try {
          together[static_cast<std::size_t>(i)] = talk(model, i);
        } catch (const brim::Exception& failure) {
          together[static_cast<std::size_t>(i)] = failure.what();
        }
      });
    }
    for (std::thread& worker : workers) worker.join();
    for (int i = 0; i < kSessions; ++i) {
      CAPTURE(i);
      CHECK(together[static_cast<std::size_t>(i)] == alone[static_cast<std::size_t>(i)]);
    }
  }
}

TEST_CASE("of two threads that use one session at once, one is refused and nothing is mixed up") {
  const brim::Model model = tiny("1");
  const brim::Options options{{"kv.budget", "full"}, {"temperature", "0"}, {"stop.ignore_eos", "1"}};
  brim::Session alone(model, options), session(model, options);
  alone.append("the cat");
  session.append("the cat");
  // Every call is either refused completely or gives the next token; which thread gets the token is open.
  constexpr int kTokens = 60;
  std::mutex guard;
  std::vector<std::int32_t> ids;
  std::atomic<bool> mixed{false};
  const auto use = [&] {
    for (int own = 0; own < kTokens;) {
      brim_piece piece{};
      piece.size = sizeof piece;
      const brim_status status = brim_session_next(session.get(), &piece);
      if (status == BRIM_OK) {
        ++own;
        const std::lock_guard lock(guard);
        ids.push_back(piece.id);
      } else if (status != BRIM_WRONG_STATE ||
                 std::string(brim_last_error()).find("inside another call") == std::string::npos) {
        mixed = true;
        return;
      }
    }
  };
  std::thread other(use);
  use();
  other.join();
  CHECK(!mixed);
  std::vector<std::int32_t> expected;
  for (int i = 0; i < 2 * kTokens; ++i) expected.push_back(alone.next().id);
  std::sort(ids.begin(), ids.end());
  std::sort(expected.begin(), expected.end());
  CHECK(ids == expected);
}
