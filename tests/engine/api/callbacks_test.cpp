// Calls that a session's own callbacks make.
#include <brim/brim.h>
#include <doctest/doctest.h>

#include <string>
#include <thread>

#include "brim/brim.hpp"
#include "tests/support/tiny_file.hpp"

using brim::test::TinyFile;

TEST_CASE("a session inside a call turns others away, and lets its callbacks look") {
  const TinyFile file;
  const brim::Model model = brim::Model::load(file.path);
  brim::Session session(model, {{"kv.budget", "full"}});
  struct Seen {
    brim_session* session;
    brim_status change = BRIM_OK, progress = BRIM_OK, look = BRIM_INTERNAL, elsewhere_change = BRIM_OK,
                elsewhere_look = BRIM_OK;
    std::string sentence{};
    int calls = 0;
  } seen{session.get()};
  const auto look = [](brim_session* handle) {
    brim_stats stats{};
    stats.size = sizeof stats;
    return brim_session_stats(handle, &stats);
  };
  static auto* const look_at = +look;
  REQUIRE(brim_session_on_progress(
              session.get(),
              [](void* user, std::int64_t, std::int64_t) {
                Seen& found = *static_cast<Seen*>(user);
                ++found.calls;
                found.progress = brim_session_on_progress(found.session, nullptr, nullptr);
                found.change = brim_session_clear(found.session);
                found.sentence = brim_last_error();
                found.look = look_at(found.session);
                std::thread([&] {
                  found.elsewhere_change = brim_session_append(found.session, "a", 1, 0, 0);
                  found.elsewhere_look = look_at(found.session);
                }).join();
                return 1;
              },
              &seen) == BRIM_OK);
  session.append(std::string(400, 'a'));
  CHECK(seen.change == BRIM_WRONG_STATE);
  CHECK(seen.progress == BRIM_WRONG_STATE);
  CHECK(seen.calls > 1);  // it was not removed
  CHECK(seen.sentence.find("inside another call") != std::string::npos);
  CHECK(seen.look == BRIM_OK);
  CHECK(seen.elsewhere_change == BRIM_WRONG_STATE);
  CHECK(seen.elsewhere_look == BRIM_WRONG_STATE);
  CHECK(brim_session_on_progress(nullptr, nullptr, nullptr) == BRIM_INVALID_ARGUMENT);
  CHECK(brim_session_on_progress(session.get(), nullptr, nullptr) == BRIM_OK);
  session.append("and on");  // the turn was released
}

TEST_CASE("a session that a callback of its own call frees lives until that call ends, which it cancels") {
  const TinyFile file;
  const brim::Model model = brim::Model::load(file.path);
  brim_session* session = nullptr;
  REQUIRE(brim_session_create(model.get(), nullptr, &session) == BRIM_OK);
  const auto free_it = [](void* user, std::int64_t, std::int64_t) {
    brim_session_free(static_cast<brim_session*>(user));
    return 1;
  };
  REQUIRE(brim_session_on_progress(session, free_it, session) == BRIM_OK);
  const std::string text(400, 'a');
  CHECK(brim_session_append(session, text.data(), text.size(), 1, 0) == BRIM_CANCELLED);
}
