// A request to cancel is never lost: the call in progress ends by it, or else the next one that can.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "engine/generate/session.hpp"
#include "tests/engine/generate/tiny.hpp"

using namespace brim;
using generate::Session;
using generate::SessionOptions;

namespace {

std::unique_ptr<Session> open(const std::shared_ptr<const model::Model>& model) {
  SessionOptions options;
  options.reader.threads = 1;
  options.sampling.temperature = 0;
  options.chat_template = "chatml";
  options.ignore_end_tokens = true;
  auto session = Session::create(model, options);
  if (!session) FAIL(session.error().sentence);
  return std::move(*session);
}

template <class T>
bool cancelled(const Result<T>& result) {
  return !result && result.error().code == ErrorCode::cancelled;
}

std::string pieces(Session& session, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const auto piece = session.next();
    if (!piece) FAIL(piece.error().sentence);
    text += piece->text;
  }
  return text;
}

}  // namespace

TEST_CASE("a request that comes when a call has all but ended ends the next one") {
  const auto model = test::tiny_model();
  const auto session = open(model);
  session->on_progress([&](long long done, long long total) {
    if (done == total) session->cancel();
    return true;
  });
  REQUIRE(session->append("the dog and the sun", {}));
  CHECK(cancelled(session->next()));
  CHECK(session->next());
  REQUIRE(session->message("user", "hello"));
  CHECK(cancelled(session->message("user", "again")));
  session->on_progress({});
  CHECK(session->next());
}

TEST_CASE("a request waits for a call that it can end, and ends one") {
  const auto model = test::tiny_model();
  const auto session = open(model);
  const std::string path =
      (std::filesystem::temp_directory_path() / ("brim-cancel-" + std::to_string(::getpid()))).string();
  REQUIRE(session->message("user", "hello"));
  const auto wait = [&] {
    session->cancel();
    session->cancel();
    session->finish();
    session->set_stops({"x"});
    session->set_limit(-1);
    REQUIRE(session->set_sampling(session->options().sampling));
    CHECK(!session->messages().empty());
  };
  wait();
  CHECK(cancelled(session->next()));
  REQUIRE(session->next());
  wait();
  CHECK(cancelled(session->append("more", {})));
  wait();
  CHECK(cancelled(session->append(std::vector<std::int32_t>{300, 301})));
  wait();
  CHECK(cancelled(session->regenerate()));
  wait();
  CHECK(cancelled(session->message("user", "more")));
  wait();
  CHECK(cancelled(session->message("system", "more")));
  wait();
  CHECK(cancelled(session->load_messages("[]")));
  wait();
  CHECK(cancelled(session->fork()));
  wait();
  CHECK(cancelled(session->save(path, {})));
  CHECK(!std::filesystem::exists(path));
  wait();
  session->clear();
  CHECK(cancelled(session->message("user", "hello")));
  REQUIRE(session->message("user", "hello"));
  CHECK(session->next());
}

TEST_CASE("a call that is cancelled before it reads changes nothing, and the answer goes on") {
  const auto model = test::tiny_model();
  const auto session = open(model);
  const auto undisturbed = open(model);
  for (Session* each : {session.get(), undisturbed.get()}) {
    each->set_stops({"never seen, but held back"});
    REQUIRE(each->message("user", "hello there"));
    pieces(*each, 10);
  }
  const std::string before = session->messages();
  const std::string long_text(300'000, 'a');
  const std::string json = "[{\"role\": \"user\", \"content\": \"" + long_text + "\"}]";
  for (const std::int64_t poll : {1, 2, 3}) {
    CAPTURE(poll);
    session->work().cancel_at_poll(poll);
    CHECK(cancelled(session->message("user", long_text)));
    CHECK(cancelled(session->append(long_text, {})));
    CHECK(cancelled(session->load_messages(json)));
    CHECK(session->messages() == before);
  }
  session->work().cancel_at_poll(std::numeric_limits<std::int64_t>::max());
  CHECK(pieces(*session, 20) == pieces(*undisturbed, 20));
}

TEST_CASE("cleaning, rendering and tokenizing look often enough whether they are to end") {
  const auto model = test::tiny_model();
  for (const char* part : {"a", " ", "the dog ", "\xEF\xB7\x90", "</s>", "\xFF", "<|im_start|>"}) {
    CAPTURE(part);
    std::string text;
    while (text.size() < 400'000) text += part;
    for (const bool message : {true, false}) {
      const auto session = open(model);
      // All looks but the last, which is for the reading that would follow.
      session->work().cancel_at_poll(std::numeric_limits<std::int64_t>::max());
      session->on_progress([](long long, long long) { return false; });
      const Status status = message ? session->message("user", text) : session->append(text, {true, true});
      CHECK(cancelled(status));
      CHECK(session->work().units() >= static_cast<std::int64_t>(text.size()) / 64);
      CHECK(session->work().polls() > 3);
      CHECK(session->work().max_between_polls() <= WorkMeter::kMaxUnitsBetweenPolls);
    }
  }
}
