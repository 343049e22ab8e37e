// Messages and text become the ids that a session would have processed.
#include "engine/schedule/prompt_text.hpp"

#include "tests/engine/schedule/scheduling.hpp"

namespace {

using namespace brim;

std::unique_ptr<schedule::PromptText> prompt_text(const std::shared_ptr<const model::Model>& model) {
  auto created = schedule::PromptText::create(model, "chatml", 1000);
  if (!created) FAIL(created.error().sentence);
  return std::move(*created);
}

std::unique_ptr<generate::Session> chatml_session(const std::shared_ptr<const model::Model>& model) {
  generate::SessionOptions options;
  options.sequence.budget = kv::parse_budget("full").value();
  options.chat_template = "chatml";
  auto session = generate::Session::create(model, options);
  if (!session) FAIL(session.error().sentence);
  return std::move(*session);
}

std::vector<TokenId> processed(const generate::Session& session) {
  const auto history = session.sequence().history();
  return {history.begin(), history.end()};
}

}  // namespace

TEST_CASE("a prompt of messages is what a session processes of them") {
  const auto model = test::tiny_model();
  const auto prompts = prompt_text(model);
  const auto session = chatml_session(model);
  REQUIRE(session->message("user", "the cat"));
  const auto ids = prompts->of_messages(R"([{"role": "user", "content": "the cat"}])");
  REQUIRE(ids);
  CHECK(*ids == processed(*session));
  const auto again = prompts->of_messages(R"([{"role": "user", "content": "the cat"}])");
  REQUIRE(again);
  CHECK(*again == *ids);  // nothing is left of a prompt
}

TEST_CASE("a last message of the assistant goes on where its content ends") {
  const auto model = test::tiny_model();
  const auto prompts = prompt_text(model);
  const auto ids_of = [&](const std::string& content) {
    const auto ids = prompts->of_messages(
        R"([{"role": "user", "content": "the cat"}, {"role": "assistant", "content": ")" + content + R"("}])");
    if (!ids) FAIL(ids.error().sentence);
    return *ids;
  };
  auto conversation = generate::Conversation::create(model->tokenizer(), "chatml", "");
  REQUIRE(conversation);
  REQUIRE(conversation->add("user", "the cat"));
  REQUIRE(conversation->add("assistant", "the dog"));
  const auto closed = conversation->render(false);
  REQUIRE(closed);
  const std::size_t end = closed->rfind("the dog") + 7;
  REQUIRE(end < closed->size());  // the template closes the message
  const auto open = conversation->encode(std::string_view(*closed).substr(0, end), true);
  REQUIRE(open);
  CHECK(ids_of("the dog") == *open);
  CHECK(ids_of("the dog ").size() > open->size());  // a blank at the end is not taken off
  CHECK(ids_of("").size() < open->size());
}

TEST_CASE("a message that the template does not show cannot go on") {
  auto prompts = schedule::PromptText::create(test::tiny_model(), "{{ 'the cat' }}", 1000);
  REQUIRE(prompts);
  const auto ids = (*prompts)->of_messages(R"([{"role": "assistant", "content": "y"}])");
  REQUIRE(!ids);
  CHECK(ids.error().code == ErrorCode::unsupported);
  CHECK(ids.error().sentence.find("does not show message 1") != std::string::npos);
}

TEST_CASE("a prompt of text is what a session appends") {
  const auto model = test::tiny_model();
  const auto prompts = prompt_text(model);
  const auto session = chatml_session(model);
  REQUIRE(session->append("the dog", text::EncodeOptions{}));
  const auto ids = prompts->of_text("the dog", {});
  REQUIRE(ids);
  CHECK(*ids == processed(*session));
}

TEST_CASE("prompts that cannot be are refused with a reason") {
  const auto prompts = prompt_text(test::tiny_model());
  const auto refused = [&](const char* json, ErrorCode code) {
    const auto ids = prompts->of_messages(json);
    REQUIRE(!ids);
    CHECK(ids.error().code == code);
  };
  refused("[]", ErrorCode::invalid_argument);
  refused("{", ErrorCode::invalid_argument);
  refused(R"([{"role": "narrator", "content": "x"}])", ErrorCode::invalid_argument);
  const std::string long_text(1001, 'a');
  const auto too_long = prompts->of_text(long_text, {});
  REQUIRE(!too_long);
  CHECK(too_long.error().sentence.find("1001 bytes; expected at most 1000") != std::string::npos);
  CHECK(prompts->of_text(std::string(1000, 'a'), {}));
}
