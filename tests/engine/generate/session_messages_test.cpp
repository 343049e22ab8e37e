// Messages that are loaded are processed; messages that fail leave the conversation, and the answer in progress, as
// they were.
#include <doctest/doctest.h>

#include <string>

#include "engine/generate/session.hpp"
#include "engine/run/text_memory.hpp"
#include "tests/engine/generate/conversing.hpp"

using namespace brim;
using generate::End;
using generate::Session;
using generate::SessionOptions;
using test::open_chat;
using test::pieces;

namespace {

constexpr const char* kQuestion = R"([{"role": "user", "content": "hello there"}])";

}  // namespace

TEST_CASE("loaded messages are read up to where the assistant answers") {
  const auto model = test::tiny_model();
  const auto said = open_chat(model), loaded = open_chat(model);
  REQUIRE(said->message("user", "hello there"));
  REQUIRE(loaded->load_messages(kQuestion));
  CHECK(loaded->sequence().tokens() == said->sequence().tokens());
  CHECK(loaded->timings().prompt_tokens == said->timings().prompt_tokens);
  CHECK(pieces(*loaded, 8) == pieces(*said, 8));
  CHECK(loaded->messages() == said->messages());
  REQUIRE(loaded->regenerate());
  REQUIRE(said->regenerate());
  CHECK(pieces(*loaded, 8) == pieces(*said, 8));
}

TEST_CASE("loaded messages that end with an answer are read, and the next one reads only what is new") {
  const auto model = test::tiny_model();
  const auto said = open_chat(model);
  REQUIRE(said->message("user", "hello there"));
  pieces(*said, 8);
  said->finish();
  const auto loaded = open_chat(model), later = open_chat(model);
  REQUIRE(loaded->load_messages(said->messages()));
  const std::int64_t read = loaded->sequence().tokens();
  CHECK(read > 20);
  CHECK(loaded->messages() == said->messages());
  std::string asked = loaded->messages();
  asked.replace(asked.rfind(']'), 1, R"(, {"role": "user", "content": "more"}])");
  REQUIRE(loaded->message("user", "more"));
  CHECK(loaded->sequence().tokens() - read == loaded->timings().prompt_tokens);
  CHECK(loaded->timings().prompt_tokens < 60);
  REQUIRE(later->load_messages(asked));
  CHECK(pieces(*later, 8) == pieces(*loaded, 8));
}

TEST_CASE("no messages are an empty conversation and an empty cache") {
  const auto model = test::tiny_model();
  const auto session = open_chat(model);
  REQUIRE(session->message("user", "hello there"));
  pieces(*session, 3);
  REQUIRE(session->load_messages("[]"));
  CHECK(session->messages() == "[]");
  CHECK(session->sequence().tokens() == 0);
  CHECK(session->next().error().code == ErrorCode::wrong_state);
  REQUIRE(session->message("user", "hello there"));
}

TEST_CASE("what cannot be rendered leaves the messages and the answer in progress") {
  const auto model = test::tiny_model();
  constexpr const char* kFussy =
      "{% for m in messages %}{% if 'bad' in m.content %}{{ raise_exception('no') }}{% endif %}"
      "<{{ m.role }}>{{ m.content }}{% endfor %}";
  const auto session = open_chat(model, kFussy), undisturbed = open_chat(model, kFussy);
  for (Session* each : {session.get(), undisturbed.get()}) {
    each->set_stops({"something held back"});
    REQUIRE(each->message("user", "hello there"));
    pieces(*each, 8);
  }
  const std::string before = session->messages();
  const std::int64_t tokens = session->sequence().tokens();
  CHECK(!session->message("user", "bad"));
  CHECK(!session->message("narrator", "hello"));
  CHECK(!session->load_messages(R"([{"role": "user", "content": "bad"}])"));
  CHECK(!session->load_messages(R"([{"role": "narrator", "content": ""}])"));
  CHECK(!session->load_messages("[1]"));
  CHECK(session->messages() == before);
  CHECK(session->sequence().tokens() == tokens);
  CHECK(pieces(*session, 20) == pieces(*undisturbed, 20));
  CHECK(session->messages() == undisturbed->messages());
}

TEST_CASE("reading that is stopped leaves the messages; the answer that was in progress is one of them") {
  const auto model = test::tiny_model();
  const auto session = open_chat(model);
  REQUIRE(session->message("user", "hello there"));
  const std::string answer = pieces(*session, 8);
  const std::string before = session->messages();
  session->on_progress([](long long done, long long) { return done == 0; });
  const std::string text(300, 'x');
  CHECK(session->message("user", text).error().code == ErrorCode::cancelled);
  CHECK(session->messages() == before);
  CHECK(session->load_messages(R"([{"role": "user", "content": ")" + text + "\"}]").error().code ==
        ErrorCode::cancelled);
  CHECK(session->messages() == before);
  session->on_progress([](long long, long long) { return false; });
  CHECK(session->regenerate().error().code == ErrorCode::cancelled);
  CHECK(session->messages() == before);
  session->on_progress({});
  REQUIRE(session->regenerate());
  CHECK(pieces(*session, 8) == answer);
  CHECK(session->messages() == before);
}

TEST_CASE("messages of the system and the assistant are bounded like those of the user, and can be gone on from") {
  const auto model = test::tiny_model();
  const auto kept = static_cast<std::size_t>(run::max_kept_text(256));
  for (const char* role : {"assistant", "system"}) {
    CAPTURE(role);
    const auto session = open_chat(model);
    REQUIRE(session->message("user", "hello there"));
    pieces(*session, 8);
    for (int i = 0; i < 300; ++i) {
      REQUIRE(session->message(role, "note " + std::to_string(i) + std::string(1500, 'n')));
      REQUIRE(session->messages().size() < kept + 4000);
    }
    CHECK(session->messages().find("hello there") != std::string::npos);
    CHECK(session->messages().find("note 299n") != std::string::npos);
    REQUIRE(session->message("user", "and now?"));
    const std::string answer = pieces(*session, 8);
    // Compared with a session that is given only the kept messages from the start.
    const auto fresh = open_chat(model);
    std::string asked = session->messages();
    REQUIRE(fresh->load_messages(asked.erase(asked.rfind(",\n  {")) + "]"));
    CHECK(pieces(*fresh, 8) == answer);
  }
}

TEST_CASE("JSON longer than what a session hands out, and two messages beside it, is refused before it is read") {
  const auto model = test::tiny_model();
  SessionOptions options;
  options.chat_template = "chatml";
  options.max_message_bytes = 1000;
  auto session = Session::create(model, options);
  REQUIRE(session);
  const std::size_t max = 6 * (static_cast<std::size_t>(run::max_kept_text(256)) + 2000) + (std::size_t{1} << 16);
  const auto padded = [](std::size_t bytes) { return "[" + std::string(bytes - 2, ' ') + "]"; };
  CHECK((*session)->load_messages(padded(max)));
  const Status status = (*session)->load_messages(padded(max + 1));
  REQUIRE(!status);
  CHECK(status.error().code == ErrorCode::invalid_argument);
  CHECK(status.error().sentence.find(std::to_string(max + 1) + " bytes of JSON; expected at most " +
                                     std::to_string(max)) != std::string::npos);
}

TEST_CASE("a message after an answer that lost its beginning does not read that answer again") {
  const auto session = open_chat(test::tiny_model());
  REQUIRE(session->message("user", "hello"));
  const std::int64_t short_prompt = session->timings().prompt_tokens;
  std::size_t said = 0;
  while (said < std::size_t{70} << 10) said += pieces(*session, 100).size();  // half of 128 KiB is kept
  REQUIRE(session->messages().size() < said);
  REQUIRE(session->message("user", "hello"));
  CHECK(session->timings().prompt_tokens < short_prompt + 20);
}
