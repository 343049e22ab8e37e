// How much text a conversation keeps: the oldest exchanges are dropped as wholes; the system message and the last
// exchange are kept.
#include "engine/generate/conversation.hpp"
#include "engine/run/text_memory.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/engine/generate/tiny.hpp"

using namespace brim;
using generate::Conversation;

namespace {

Conversation talk(const std::shared_ptr<const model::Model>& model, int exchanges, std::size_t bytes) {
  auto made = Conversation::create(model->tokenizer(), "chatml", "");
  REQUIRE(made);
  Conversation conversation = std::move(*made);
  conversation.set_system("be brief");
  for (int i = 0; i < exchanges; ++i) {
    REQUIRE(conversation.add("user", "question " + std::to_string(i) + std::string(bytes, '.')));
    REQUIRE(conversation.add("assistant", "answer " + std::to_string(i)));
  }
  return conversation;
}

}  // namespace

TEST_CASE("what is kept: eight bytes a position, and enough for short contexts") {
  CHECK(run::max_kept_text(256) == 128 << 10);
  CHECK(run::max_kept_text(1 << 17) == 1 << 20);
}

TEST_CASE("the oldest exchanges go, the user's message comes first, a quarter is left") {
  const auto model = test::tiny_model();
  Conversation conversation = talk(model, 20, 1000);
  const std::string whole = conversation.json();
  CHECK_FALSE(conversation.drop_oldest(1 << 20));
  CHECK(conversation.json() == whole);
  CHECK(conversation.drop_oldest(40000));
  const std::string kept = conversation.json();
  CHECK(kept.size() < 12000);
  CHECK(kept.find("be brief") != std::string::npos);
  CHECK(kept.find("question 0.") == std::string::npos);
  CHECK(kept.find("answer 19") != std::string::npos);
  const std::size_t first = kept.find("\"user\"");
  CHECK(first < kept.find("\"assistant\""));
  CHECK_FALSE(conversation.drop_oldest(40000));
}

TEST_CASE("the last exchange stays, however long it is") {
  const auto model = test::tiny_model();
  Conversation conversation = talk(model, 1, 100000);
  CHECK_FALSE(conversation.drop_oldest(4000));
  CHECK(conversation.json().find("question 0") != std::string::npos);
  REQUIRE(conversation.add("user", "short"));
  CHECK(conversation.drop_oldest(4000));
  CHECK(conversation.json().find("question 0") == std::string::npos);
  CHECK(conversation.json().find("short") != std::string::npos);
}

TEST_CASE(
    "what follows the user's last message is bounded too: its oldest goes, the user's message and the last one stay") {
  const auto model = test::tiny_model();
  for (const char* role : {"assistant", "system", "tool"}) {
    for (const bool asked : {true, false}) {
      CAPTURE(role);
      CAPTURE(asked);
      Conversation conversation = talk(model, 0, 0);
      if (asked) REQUIRE(conversation.add("user", "question " + std::string(30000, '.')));
      for (int i = 0; i < 500; ++i) {
        REQUIRE(conversation.add(role, "note " + std::to_string(i) + std::string(500, '.')));
        conversation.drop_oldest(40000);
        CHECK(conversation.size() < 60);
      }
      const std::string kept = conversation.json();
      CHECK(kept.size() < (asked ? 60000 : 30000));
      CHECK(kept.find("be brief") != std::string::npos);
      CHECK((kept.find("question") != std::string::npos) == asked);
      CHECK(kept.find("note 0.") == std::string::npos);
      CHECK(kept.find("note 499.") != std::string::npos);
    }
  }
}

TEST_CASE("an answer that outgrows its room loses its older half, between two characters") {
  const auto model = test::tiny_model();
  Conversation conversation = talk(model, 1, 0);
  conversation.reopen_answer();
  conversation.extend_answer("x");
  CHECK_FALSE(conversation.cut_answer(100));
  for (int i = 0; i < 40; ++i) conversation.extend_answer("\xE2\x82\xAC");
  CHECK(conversation.cut_answer(100));
  const std::string kept = conversation.json();
  CHECK(kept.find("answer 0") == std::string::npos);
  CHECK(kept.find("\"\xE2\x82\xAC") != std::string::npos);
}

TEST_CASE("what a text says where the mark stands becomes U+FFFD, as bytes that are not UTF-8 do") {
  const auto message = Conversation::make_message("user",
                                                  "a\xEF\xB7\x90"
                                                  "b\xEF\xEF\xB7\x90\xB7\x90");
  REQUIRE(message);
  CHECK(message->content == "a\uFFFDb\uFFFD\uFFFD\uFFFD\uFFFD");
}

TEST_CASE("messages of JSON: texts in parts, null, and what is not kept") {
  std::vector<std::string> dropped;
  const auto messages = Conversation::parse(
      R"([{"role": "user", "content": [{"type": "text", "text": "one "}, {"text": "two", "extra": {"a": [1]}}]},
          {"role": "assistant", "content": null, "tool_calls": [{"id": 1}], "name": "x", "refusal": null},
          {"role": "user", "name": "y", "content": []}])",
      nullptr, &dropped);
  REQUIRE(messages);
  REQUIRE(messages->size() == 3);
  CHECK((*messages)[0].content == "one two");
  CHECK((*messages)[1].content.empty());
  CHECK((*messages)[2].content.empty());
  CHECK(dropped == std::vector<std::string>{"tool_calls", "name"});
  const auto refusal = [](const char* json) {
    const auto parsed = Conversation::parse(json);
    return parsed ? std::string("none") : parsed.error().sentence;
  };
  CHECK(refusal(R"([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}])") ==
        "message 1: a part of its content is of type 'image_url', and only text is supported");
  for (const char* wrong :
       {R"([{"role": "user", "content": ["a"]}])", R"([{"role": "user", "content": [{"text": 1}]}])",
        R"([{"role": "user", "content": [{"text": {"text": "a"}}]}])", R"([{"role": "user", "content": [[]]}])",
        R"([{"role": null, "content": "a"}])", R"([{"role": "user", "content": {}}])", R"([{"role": "user"}])",
        R"([{"role": "user", "content": [{"type": "text"}]}])", R"([[]])", R"([null])", R"([1])"}) {
    CAPTURE(wrong);
    CHECK(refusal(wrong).find("message 1: expected {") == 0);
  }
  CHECK(refusal("{}").find("messages: expected a JSON array") == 0);
  CHECK(refusal("null").find("messages: expected a JSON array") == 0);
}
