// The tasks of `brim eval --suite kv --recall`: facts between the sentences of a text, and the questions about them.
#include "research/kv_suite/recall.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "research/kv_suite/facts.hpp"
#include "tests/engine/generate/tiny.hpp"

using namespace brim::apps;

namespace {

constexpr std::int64_t kSize = 900;

/// Sentences of invented words.
std::string some_text() {
  std::string text;
  for (int i = 0; text.size() < 6000; ++i) {
    for (int letter = 0; letter < 4 + i % 4; ++letter)
      text += static_cast<char>('a' + (i * 7 + letter * letter + i / 5) % 26);
    text += i % 6 == 5 ? ". " : " ";
  }
  return text;
}

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++found;
  return found;
}

}  // namespace

TEST_CASE("a model with a chat template is asked in a turn, another continues the beginning of an answer") {
  for (const bool chat : {false, true}) {
    CAPTURE(chat);
    brim::test::TinyModel shape;
    if (chat)
      shape.chat_template = "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}[end]{% endfor %}[answer]";
    const auto model = brim::test::tiny_model(shape);
    const auto made = make_recall_documents(*model, {some_text()}, kSize, 60);
    REQUIRE(made);
    std::set<std::string> kinds;
    std::size_t questions = 0;
    for (const RecallDocument& document : *made) {
      const std::string text = model->tokenizer().decode(document.ids, true);
      CAPTURE(text);
      CHECK(text.find("[user]") == (chat ? text.find('[') : std::string::npos));
      CHECK(count_of(text, "?") == 0);
      for (const RecallQuestion& question : document.questions) {
        ++questions;
        kinds.insert(question.kind);
        CHECK(static_cast<std::int64_t>(document.ids.size() + question.ids.size()) <= kSize - kAnswerTokens);
        REQUIRE(!question.answers.empty());
        for (const std::string& answer : question.answers) CHECK(count_of(text, answer) >= 1);
        const std::string asked = model->tokenizer().decode(question.ids, true);
        CAPTURE(asked);
        CHECK(count_of(asked, "?") == 1);
        if (chat) {
          CHECK(asked.ends_with("?[end][answer]"));
        } else {
          CHECK((asked.ends_with(" is") || asked.ends_with(" are") || asked.ends_with(" the")));
        }
      }
    }
    CHECK(questions == 60);
    CHECK(made->size() == 8);
    CHECK(kinds.size() == std::size(kFactKinds));
    CHECK(make_recall_documents(*model, {"too few words"}, kSize, 5)->empty());
    CHECK(make_recall_documents(*model, {some_text()}, 100, 5)->empty());
  }
}

TEST_CASE("facts stand behind sentences, all over the text, and texts take turns") {
  const auto model = brim::test::tiny_model();
  const auto documents = make_recall_documents(*model, {some_text(), "too few words", some_text()}, kSize, 160);
  REQUIRE(documents);
  std::set<int> quarters;
  for (std::size_t i = 0; i < documents->size(); ++i) {
    const RecallDocument& document = (*documents)[i];
    CHECK(document.text == (i % 2 == 0 ? 0 : 2));
    const std::string text = model->tokenizer().decode(document.ids, true);
    const std::size_t fact = text.find(" To open the ");
    if (fact == std::string::npos) continue;
    CHECK(text[fact - 1] == '.');
    quarters.insert(static_cast<int>(4 * fact / text.size()));
  }
  CHECK(quarters.size() == 4);
}

TEST_CASE("each question is asked from the state behind the document") {
  const auto model = brim::test::tiny_model();
  const auto documents = make_recall_documents(*model, {some_text()}, kSize, 8);
  REQUIRE(documents);
  RecallDocument document = documents->front();
  brim::run::SequenceOptions options;
  options.context = kSize;
  options.budget.kind = brim::kv::BudgetRequest::Kind::percent;
  options.budget.percent = 50;
  const auto sequence = brim::run::Sequence::create(model, options);
  REQUIRE(sequence);
  const auto ask = [&] { return measure_recall(**sequence, document, 16, [] { return true; }); };
  // What the model says to the last question, alone, is what it says after seven others.
  document.questions.erase(document.questions.begin(), document.questions.end() - 1);
  REQUIRE(ask());
  const std::vector<std::int32_t> alone((*sequence)->history().begin(), (*sequence)->history().end());
  document = documents->front();
  const auto all = ask();
  REQUIRE(all);
  CHECK(all->size() == 8);
  CHECK(std::equal(alone.begin(), alone.end(), (*sequence)->history().begin(), (*sequence)->history().end()));
  const auto cancelled = measure_recall(**sequence, document, 16, [] { return false; });
  REQUIRE(!cancelled);
  CHECK(cancelled.error().code == brim::ErrorCode::cancelled);
}

TEST_CASE("a template that leaves out what a user says is refused") {
  brim::test::TinyModel shape;
  shape.chat_template = "Say something:";
  const auto made = make_recall_documents(*brim::test::tiny_model(shape), {some_text()}, kSize, 5);
  REQUIRE(!made);
  CHECK(made.error().sentence.find("leaves out what a user says") != std::string::npos);
}
