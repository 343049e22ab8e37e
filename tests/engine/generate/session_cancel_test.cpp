// A request to cancel is never lost: it ends the call in progress, or else the next call that can be cancelled.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "engine/generate/session.hpp"
#include "engine/template/chat_template.hpp"
#include "tests/engine/generate/conversing.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace brim;
using generate::Session;
using generate::SessionOptions;
using test::open_chat;
using test::pieces;

namespace {

template <class T>
bool cancelled(const Result<T>& result) {
  return !result && result.error().code == ErrorCode::cancelled;
}

}  // namespace

TEST_CASE("a request that comes when a call has all but ended ends the next one") {
  const auto model = test::tiny_model();
  const auto session = open_chat(model);
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
  const auto session = open_chat(model);
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
  REQUIRE(session->clear());
  CHECK(cancelled(session->message("user", "hello")));
  REQUIRE(session->message("user", "hello"));
  CHECK(session->next());
}

TEST_CASE("a call that is cancelled before it reads changes nothing, and the answer goes on") {
  const auto model = test::tiny_model();
  const auto session = open_chat(model);
  const auto undisturbed = open_chat(model);
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
      const auto session = open_chat(model);
      // All polls except the last, which is before the prefill that would follow.
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

TEST_CASE("a long string, white space, a template and a session's file: each is looked at often enough") {
  const auto model = test::tiny_model();
  const auto session = open_chat(model);
  REQUIRE(session->message("user", "hello"));
  const auto looks = [&](std::int64_t at_min) {
    CHECK(session->work().polls() >= at_min);
    CHECK(session->work().max_between_polls() <= WorkMeter::kMaxUnitsBetweenPolls);
  };
  // Within one JSON string, and between two values: the parser itself calls nothing there.
  for (const std::string& json :
       {"[{\"role\": \"user\", \"other\": \"" + std::string(4'000'000, 'a') + "\", \"content\": \"b\"}]",
        "[" + std::string(4'000'000, ' ') + "]",
        "[{\"role\": \"user\", \"x\": " + std::string(4'000'000, '1') + "}]"}) {
    for (const std::int64_t poll : {2, 5, 10}) {
      session->work().cancel_at_poll(poll);
      CHECK(cancelled(session->load_messages(json)));
      looks(poll);
      CHECK(session->work().polls() == poll);
    }
  }
  session->work().cancel_at_poll(std::numeric_limits<std::int64_t>::max());

  WorkMeter meter;
  const std::string source = "{# " + std::string(3'000'000, 'c') + " #}" + std::string(900'000, 't');
  REQUIRE(templates::ChatTemplate::parse(source, &meter));
  CHECK(meter.polls() >= 10);
  CHECK(meter.max_between_polls() <= WorkMeter::kMaxUnitsBetweenPolls);
  std::string tokens;
  while (tokens.size() < 1'000'000) tokens += "{{ a }}";
  WorkMeter stopped;
  stopped.cancel_at_poll(7);
  const auto parsed = templates::ChatTemplate::parse(tokens, &stopped);
  REQUIRE(!parsed);
  CHECK(parsed.error().code == ErrorCode::cancelled);
  CHECK(stopped.polls() == 7);
}

TEST_CASE("saving and copying look while they write, and what is cancelled leaves no file" *
          doctest::test_suite("above the kernels")) {
  test::TinyModel shape;
  shape.context = 16384;
  const auto model = test::tiny_model(shape);
  SessionOptions options;
  options.sequence.threads = 2;
  options.sequence.budget = *kv::parse_budget("full");
  options.sequence.type = {kernels::KvType::f32, kernels::KvType::f32};
  options.chat_template = "chatml";
  auto made = Session::create(model, options);
  REQUIRE(made);
  Session& session = **made;
  REQUIRE(session.append(test::some_ids(6000)));
  const test::ScratchFolder folder;
  const std::string path = folder.path + "/session";
  REQUIRE(session.save(path, {}));
  const auto mebibytes = static_cast<std::int64_t>(std::filesystem::file_size(path) >> 20);
  REQUIRE(mebibytes >= 3);
  CHECK(session.work().polls() >= mebibytes);
  CHECK(session.work().max_between_polls() <= WorkMeter::kMaxUnitsBetweenPolls);
  std::filesystem::remove(path);
  for (std::int64_t poll = 1; poll <= mebibytes; ++poll) {
    session.work().cancel_at_poll(poll);
    CHECK(cancelled(session.save(path, {})));
    CHECK(session.work().polls() == poll);
    CHECK(std::filesystem::is_empty(folder.path));
    CHECK(cancelled(session.fork()));
  }
}

TEST_CASE("dropping the oldest messages counts its work, and a request that comes then ends the next call" *
          doctest::test_suite("above the kernels")) {
  const auto model = test::tiny_model();
  const auto session = open_chat(model);
  const std::string part(20'000, 'a');
  while (session->messages().size() < 50'000) REQUIRE(session->message("user", part));
  // The next message makes it drop the oldest ones: the rest is rendered, and counted. The request comes before that,
  // when all tokens are processed.
  const std::string text(30'000, 'b');
  std::int64_t when_read = 0;
  bool cancel = true;
  session->on_progress([&](long long done, long long total) {
    if (done == total && cancel) session->cancel();
    if (done == total) when_read = session->work().units();
    return true;
  });
  REQUIRE(session->message("user", text));
  CHECK(session->messages().find(part) == std::string::npos);
  const std::int64_t after_request = session->work().units() - when_read;
  CHECK(cancelled(session->next()));
  cancel = false;
  // When it continues, ids are compared, and nothing is lost.
  REQUIRE(session->message("user", "c"));
  CHECK(session->next());
  const auto undisturbed = open_chat(model);
  while (undisturbed->messages().size() < 50'000) REQUIRE(undisturbed->message("user", part));
  undisturbed->on_progress([&](long long done, long long total) {
    if (done == total) when_read = undisturbed->work().units();
    return true;
  });
  REQUIRE(undisturbed->message("user", text));
  CHECK(undisturbed->work().units() - when_read > 1000);
  CHECK(undisturbed->work().max_between_polls() <= WorkMeter::kMaxUnitsBetweenPolls);
  CHECK(after_request <= WorkMeter::kPollUnits + 1000);
}
