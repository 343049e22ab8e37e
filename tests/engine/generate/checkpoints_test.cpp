// Conversations of models whose layers keep states, or have a window: checkpoints are where texts branch off, so that the
// next message, another answer and an edited message process no more than what follows them, and give what a new session
// gives.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/engine/generate/chat.hpp"
#include "tests/support/tiny_gemma4.hpp"
#include "tests/support/tiny_recurrent.hpp"

using namespace brim;
using test::Chat;
using test::kSlack;
using test::kTemplates;
using test::kThinking;

namespace {

template <class Check>
void for_each_model_with_checkpoints(Check check) {
  for (const std::string architecture : test::kTinyRecurrent) {
    CAPTURE(architecture);
    check(test::tiny_model(test::tiny_recurrent(architecture)));
  }
  CAPTURE("gemma4");
  check(test::tiny_model(test::tiny_gemma4()));
}

constexpr const char* kQuestion = "the dog and the cat sat in the sun";
constexpr const char* kAnswer = "they did so on most of the days";
constexpr const char* kNext = "what else did they do";

}  // namespace

TEST_CASE("a second turn processes the answer and the new message again at most") {
  for_each_model_with_checkpoints([](const auto& model) {
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
  for_each_model_with_checkpoints([](const auto& model) {
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
  for_each_model_with_checkpoints([](const auto& model) {
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
  for_each_model_with_checkpoints([](const auto& model) {
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

TEST_CASE("a conversation that is loaded has checkpoints before the user's messages, so that any may be edited") {
  for_each_model_with_checkpoints([](const auto& model) {
    for (const char* chat_template : kTemplates) {
      CAPTURE(chat_template);
      const std::vector<std::string> all{kQuestion, kAnswer, kNext, "so they did", "and then"};
      Chat chat(model, chat_template, 8);
      chat.load(all);
      const std::vector<std::int64_t> places = chat.places();
      REQUIRE(places.size() == 3);
      CHECK(chat.tokens() - places[2] <= kSlack);
      (void)test::pieces(*chat.session, 4);
      chat.load({kQuestion, kAnswer, "tell me more"});
      CHECK(chat.processed == chat.tokens() - places[0]);
      CHECK(chat.session->sequence().whole_readings() == 0);
      Chat fresh(model, chat_template, 8);
      fresh.load({kQuestion, kAnswer, "tell me more"});
      CHECK(chat.logits() == fresh.logits());
      CHECK(chat.places() == fresh.places());
      // With room for one, the newest is kept.
      Chat little(model, chat_template, 1);
      little.load(all);
      REQUIRE(little.places().size() == 1);
      CHECK(little.places()[0] == places[2]);
      chat.check_memory();
    }
  });
}
