// Conversations of models whose layers keep states: checkpoints are where texts branch off, so that the next message,
// another answer and an edited message process no more than what follows them, and give what a new session gives.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/engine/generate/conversing.hpp"
#include "tests/support/tiny_recurrent.hpp"

using namespace brim;
using generate::Session;
using generate::SessionOptions;

namespace {

/// Writes past answers as they were asked for.
constexpr const char* kPlain =
    "{% for m in messages %}{% if m.role == 'user' %}U{% else %}A{% endif %}{{ m.content }};{% endfor %}"
    "{% if add_generation_prompt %}A{% endif %}";
/// Asks for answers that begin with a thought, and writes past ones without it, as templates of Qwen3.5 do.
constexpr const char* kThinking =
    "{% for m in messages %}{% if m.role == 'user' %}U{% else %}A{% endif %}{{ m.content }};{% endfor %}"
    "{% if add_generation_prompt %}A~{% endif %}";
constexpr const char* kTemplates[] = {kPlain, kThinking};
constexpr std::int64_t kSlack = 16;  // what a template adds around a message and an answer

/// A session, and how many tokens its last call that processed a text had to process.
struct Chat {
  Chat(const std::shared_ptr<const model::Model>& model, const char* chat_template, int checkpoints = -1) {
    SessionOptions options;
    options.sequence.threads = 2;
    options.sequence.budget.kind = kv::BudgetRequest::Kind::full;
    options.sequence.checkpoints = checkpoints;
    options.sampling.temperature = 0;
    options.chat_template = chat_template;
    options.ignore_end_tokens = true;
    auto made = Session::create(model, options);
    if (!made) FAIL(made.error().sentence);
    session = std::move(*made);
    observe();
  }
  explicit Chat(std::unique_ptr<Session> other) : session(std::move(other)) { observe(); }
  Chat(const Chat&) = delete;
  Chat& operator=(const Chat&) = delete;

  void observe() {
    session->on_progress([this](long long, long long total) {
      processed = total;
      return true;
    });
  }
  void answer_again() {
    processed = 0;  // a single token is not reported
    REQUIRE(session->regenerate());
  }
  void message(const std::string& text) { REQUIRE(session->message("user", text)); }
  void load(const std::vector<std::string>& messages) {
    std::string json;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      json += json.empty() ? "[" : ",";
      json +=
          std::string("{\"role\":\"") + (i % 2 == 0 ? "user" : "assistant") + "\",\"content\":\"" + messages[i] + "\"}";
    }
    REQUIRE(session->load_messages(json + "]"));
  }
  std::vector<float> logits() {
    const auto found = session->logits();
    if (!found) FAIL(found.error().sentence);
    return {found->begin(), found->end()};
  }
  std::int64_t tokens() const { return session->sequence().tokens(); }
  std::vector<std::int64_t> places() const {
    std::vector<std::int64_t> all;
    for (const kv::Checkpoint& one : session->sequence().cache().checkpoints()) all.push_back(one.tokens);
    return all;
  }
  void check_memory() const {
    const kv::Memory& memory = session->sequence().cache();
    CHECK(memory.bytes_peak() <= memory.plan().budget_bytes);
  }

  std::unique_ptr<Session> session;
  std::int64_t processed = 0;
};

template <class Check>
void for_each_stateful_model(Check check) {
  for (const std::string architecture : test::kTinyRecurrent) {
    CAPTURE(architecture);
    check(test::tiny_model(test::tiny_recurrent(architecture)));
  }
}

constexpr const char* kQuestion = "the dog and the cat sat in the sun";
constexpr const char* kAnswer = "they did so on most of the days";
constexpr const char* kNext = "what else did they do";

}  // namespace

TEST_CASE("a second turn processes the answer and the new message again at most") {
  for_each_stateful_model([](const auto& model) {
    for (const char* chat_template : kTemplates) {
      CAPTURE(chat_template);
      Chat chat(model, chat_template);
      chat.message(kQuestion);
      const std::int64_t asked = chat.tokens();
      REQUIRE(chat.places().size() == 1);
      CHECK(chat.processed == asked);
      CHECK(chat.places()[0] < asked);
      CHECK(asked - chat.places()[0] <= kSlack);
      (void)test::pieces(*chat.session, 20);
      chat.message(kNext);
      CHECK(chat.processed <= chat.tokens() - asked + kSlack);
      chat.check_memory();
    }
  });
}

TEST_CASE("another answer processes what follows the message, and gives the same logits") {
  for_each_stateful_model([](const auto& model) {
    for (const char* chat_template : kTemplates) {
      CAPTURE(chat_template);
      Chat chat(model, chat_template);
      chat.message(kQuestion);
      const std::vector<float> logits = chat.logits();
      const std::string answer = test::pieces(*chat.session, 12);
      auto copied = chat.session->fork();
      REQUIRE(copied);
      Chat copy(std::move(*copied));
      for (Chat* each : {&chat, &copy}) {
        each->answer_again();
        CHECK(each->processed <= kSlack);
        CHECK(each->logits() == logits);
        CHECK(test::pieces(*each->session, 12) == answer);
        CHECK(each->session->sequence().whole_readings() == 0);
        each->check_memory();
      }
    }
  });
}

TEST_CASE("an edited message is what it would have been at first, from the checkpoint before it") {
  for_each_stateful_model([](const auto& model) {
    for (const char* chat_template : kTemplates) {
      CAPTURE(chat_template);
      Chat chat(model, chat_template, 4);
      REQUIRE(chat.session->sequence().memory().kv.checkpoints == 4);
      chat.load({kQuestion, kAnswer, kNext});
      const std::vector<std::int64_t> places = chat.places();
      REQUIRE(places.size() == 2);
      CHECK(chat.tokens() - places[1] <= kSlack);
      (void)test::pieces(*chat.session, 5);
      chat.load({kQuestion, kAnswer, "tell me more"});
      CHECK(chat.processed == chat.tokens() - places[0]);
      Chat fresh(model, chat_template, 4);
      fresh.load({kQuestion, kAnswer, "tell me more"});
      CHECK(chat.logits() == fresh.logits());
      CHECK(chat.places() == fresh.places());
      CHECK(test::pieces(*chat.session, 8) == test::pieces(*fresh.session, 8));

      chat.load({"all is other than it was"});  // no checkpoint is left
      Chat other(model, chat_template, 4);
      other.load({"all is other than it was"});
      CHECK(chat.processed == chat.tokens());
      CHECK(chat.logits() == other.logits());
      chat.check_memory();
    }
  });
}

TEST_CASE("room for checkpoints changes no bit, only what is processed") {
  for_each_stateful_model([](const auto& model) {
    std::vector<float> logits;
    for (const int checkpoints : {0, 1, 2, 16}) {
      CAPTURE(checkpoints);
      Chat chat(model, kThinking, checkpoints);
      REQUIRE(chat.session->sequence().memory().kv.checkpoints == checkpoints);
      chat.load({std::string(120, '7'), kAnswer, kNext});
      REQUIRE(chat.tokens() > 2 * chat.session->sequence().memory().kv.chunk);
      (void)test::pieces(*chat.session, 3);
      chat.answer_again();
      CHECK((chat.processed <= kSlack) == (checkpoints > 0));
      if (logits.empty()) logits = chat.logits();
      CHECK(chat.logits() == logits);
      CHECK(chat.session->sequence().whole_readings() == (checkpoints > 0 ? 0 : 1));
      chat.check_memory();
    }
  });
}
