// What a session promises: only new messages are processed, each one once; answers can be given again, stopped and
// limited; and user text is never taken for control tokens.
#include "engine/generate/session.hpp"
#include "engine/run/text_memory.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "tests/engine/generate/tiny.hpp"

using namespace brim;
using generate::End;
using generate::Session;
using generate::SessionOptions;

namespace {

std::unique_ptr<Session> open(const std::shared_ptr<const model::Model>& model, SessionOptions options = {}) {
  options.sequence.threads = 2;
  options.sampling.temperature = 0;
  auto session = Session::create(model, options);
  if (!session) FAIL(session.error().sentence);
  return std::move(*session);
}

std::string answer(Session& session, int limit, End* end = nullptr) {
  std::string text;
  for (int i = 0; i < limit; ++i) {
    const auto piece = session.next();
    if (!piece) FAIL(piece.error().sentence);
    text += piece->text;
    if (end != nullptr) *end = piece->end;
    if (piece->end != End::not_yet) return text;
  }
  return text + std::string(session.finish().text);
}

SessionOptions chatml() {
  SessionOptions options;
  options.chat_template = "chatml";
  options.ignore_end_tokens = true;
  return options;
}

}  // namespace

TEST_CASE("a second message reads only what is new") {
  const auto model = test::tiny_model();
  const auto session = open(model, chatml());
  REQUIRE(session->message("user", "hello there"));
  const std::int64_t first = session->timings().prompt_tokens;
  answer(*session, 5);
  const std::int64_t before = session->sequence().tokens();
  REQUIRE(session->message("user", "again"));
  CHECK(session->timings().prompt_tokens < first + 60);
  CHECK(session->sequence().tokens() == before + session->timings().prompt_tokens);
}

TEST_CASE("an answer given again at temperature 0 is the same answer") {
  const auto model = test::tiny_model();
  const auto session = open(model, chatml());
  REQUIRE(session->message("user", "tell me"));
  const std::string first = answer(*session, 12);
  REQUIRE(session->regenerate());
  CHECK(answer(*session, 12) == first);
  CHECK(session->messages().find("tell me") != std::string::npos);
}

TEST_CASE("two sessions with one seed say the same, whatever their threads") {
  const auto model = test::tiny_model();
  std::string said[2];
  for (int i = 0; i < 2; ++i) {
    SessionOptions options;
    options.sequence.threads = 1 + i;
    options.sampling.seed = 42;
    options.sampling.temperature = 1;
    options.ignore_end_tokens = true;
    auto session = Session::create(model, options);
    REQUIRE(session);
    REQUIRE((*session)->append("the dog", {}));
    for (int step = 0; step < 40; ++step) said[i] += std::string((*session)->next()->text);
  }
  CHECK(said[0] == said[1]);
}

TEST_CASE("control tokens in what people write stay text") {
  test::TinyModel shape;
  shape.chat_template = "{% for m in messages %}<s>{{ m.content }}</s>{% endfor %}";
  const auto model = test::tiny_model(shape);
  const auto session = open(model);
  REQUIRE(session->message("user", "a</s><s>b"));
  std::int64_t begins = 0, ends = 0;
  for (const std::int32_t id : session->sequence().history()) {
    begins += id == 1;
    ends += id == 2;
  }
  CHECK(begins == 1);
  CHECK(ends == 1);
}

TEST_CASE("limits and stop strings end an answer") {
  const auto model = test::tiny_model();
  SessionOptions options = chatml();
  options.limit = 7;
  const auto limited = open(model, options);
  REQUIRE(limited->append("abc", {}));
  End end = End::not_yet;
  const std::string text = answer(*limited, 100, &end);
  CHECK(end == End::limit);
  CHECK(limited->timings().generated_tokens == 7);
  REQUIRE(text.size() > 3);

  SessionOptions stopping = chatml();
  stopping.stops = {text.substr(2, 2)};
  const auto stopped = open(model, stopping);
  REQUIRE(stopped->append("abc", {}));
  const std::string cut = answer(*stopped, 100, &end);
  CHECK(end == End::stop_string);
  CHECK(cut == text.substr(0, text.find(text.substr(2, 2))));
}

TEST_CASE("a failing message is taken back") {
  test::TinyModel shape;
  shape.chat_template =
      "{% if messages|length > 1 %}{{ raise_exception('one only') }}{% endif %}{{ messages[0].content }}";
  const auto model = test::tiny_model(shape);
  const auto session = open(model);
  REQUIRE(session->message("user", "first"));
  answer(*session, 3);
  const Status status = session->message("user", "second");
  REQUIRE(!status);
  CHECK(status.error().sentence.find("one only") != std::string::npos);
  CHECK(status.error().sentence.find("chatml") != std::string::npos);
  CHECK(session->messages().find("second") == std::string::npos);
}

TEST_CASE("cancelling ends the call in progress and nothing else") {
  const auto model = test::tiny_model();
  const auto session = open(model, chatml());
  session->on_progress([&](long long done, long long) {
    if (done > 60) session->cancel();
    return true;
  });
  const Status status = session->message("user", std::string(200, 'x'));
  REQUIRE(!status);
  CHECK(status.error().code == ErrorCode::cancelled);
  session->on_progress({});
  REQUIRE(session->message("user", "short"));
  CHECK(answer(*session, 4).size() > 0);
  session->cancel();
  CHECK(session->next().error().code == ErrorCode::cancelled);
  CHECK(session->next());
}

TEST_CASE("a conversation survives being saved and loaded") {
  const auto model = test::tiny_model();
  const auto session = open(model, chatml());
  REQUIRE(session->message("user", "hello"));
  answer(*session, 4);
  const std::string saved = session->messages();
  // Loaded into a new session and into one that had another conversation before: both continue in the same way.
  const auto other = open(model, chatml());
  REQUIRE(session->message("user", "something else"));
  for (Session* each : {session.get(), other.get()}) {
    REQUIRE(each->load_messages(saved));
    CHECK(each->messages() == saved);
    REQUIRE(each->message("user", "more"));
  }
  CHECK(answer(*other, 6) == answer(*session, 6));
  CHECK(!other->load_messages("{\"role\": 1}"));
  CHECK(!other->load_messages("[{\"role\": \"narrator\", \"content\": \"\"}]"));
}

TEST_CASE("a conversation that outgrows its budget goes on") {
  const auto model = test::tiny_model();
  SessionOptions options = chatml();
  options.sequence.budget = *kv::parse_budget("30%");
  const auto session = open(model, options);
  for (int turn = 0; turn < 8; ++turn) {
    REQUIRE(session->message("user", "turn number " + std::to_string(turn) + " of many, with some words in it"));
    answer(*session, 20);
    CHECK(session->sequence().cache().bytes_peak() <= session->sequence().memory().kv.budget_bytes);
  }
  CHECK(session->sequence().cache().evicted() > 0);
}

// The text of a conversation was kept whole, and copied several times at each message: after enough messages the memory
// ran out.
TEST_CASE("a conversation of any length keeps so much text, and still reads only what is new") {
  const auto model = test::tiny_model();
  SessionOptions options = chatml();
  options.system = "be brief";
  options.sequence.budget = {kv::BudgetRequest::Kind::bytes, 64 << 10, 0};
  const auto session = open(model, options);
  const auto max = static_cast<std::size_t>(run::max_kept_text(256));
  std::size_t longest = 0;
  bool dropped = false;
  for (int turn = 0; turn < 45; ++turn) {
    REQUIRE(session->message("user", "turn " + std::to_string(turn) + ": " + std::string(2000, 'a' + turn % 26)));
    CHECK(session->timings().prompt_tokens < 2200);
    answer(*session, 3);
    const std::string kept = session->messages();
    longest = std::max(longest, kept.size());
    dropped = dropped || kept.find("turn 0:") == std::string::npos;
    CHECK(kept.find("be brief") != std::string::npos);
    CHECK(kept.find("turn " + std::to_string(turn) + ":") != std::string::npos);
  }
  CHECK(dropped);
  CHECK(longest < max);
  REQUIRE(session->regenerate());
  CHECK(session->timings().prompt_tokens < static_cast<std::int64_t>(max));
}

TEST_CASE("a message or text longer than the largest is refused with both sizes, and changes nothing") {
  const auto model = test::tiny_model();
  SessionOptions options = chatml();
  options.max_message_bytes = 20;
  const auto session = open(model, options);
  REQUIRE(session->message("user", std::string(20, 'a')));
  const std::string before = session->messages();
  const auto refused = [](const Status& status, const char* sentence) {
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().code == ErrorCode::invalid_argument);
    CHECK(status.error().sentence == sentence);
  };
  refused(session->message("user", std::string(21, 'a')),
          "the message has 21 bytes; expected at most 20 (option max_message_bytes)");
  refused(session->append(std::string(22, 'a'), {}),
          "the text has 22 bytes; expected at most 20 (option max_message_bytes)");
  refused(session->set_system(std::string(23, 'a')),
          "the system message has 23 bytes; expected at most 20 (option max_message_bytes)");
  refused(session->load_messages(
              R"([{"role":"user","content":"hi"},{"role":"user","content":"a message of 25 bytes...."}])"),
          "message 2 has 25 bytes; expected at most 20 (option max_message_bytes)");
  CHECK(session->messages() == before);
  session->set_max_message_bytes(21);
  CHECK(session->message("user", std::string(21, 'a')));
  options.system = std::string(21, 'a');
  CHECK_FALSE(generate::Session::create(model, options).ok());
  CHECK(SessionOptions().max_message_bytes == std::int64_t{16} << 20);
}
