// The tasks of `brim eval --suite kv --recall`: facts between the sentences of a text, and the questions about them.
#include "research/kv_suite/recall.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/engine/generate/tiny.hpp"

using brim::apps::kAnswerTokens;
using brim::apps::make_recall_tasks;
using brim::apps::RecallTask;

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
    const auto made = make_recall_tasks(*model, some_text(), kSize, 60);
    REQUIRE(made);
    const std::vector<RecallTask>& tasks = *made;
    CHECK(tasks.size() == 60);
    std::set<std::string> kinds;
    for (const RecallTask& task : tasks) {
      kinds.insert(task.kind);
      CHECK(static_cast<std::int64_t>(task.ids.size()) <= kSize - kAnswerTokens);
      const std::string text = model->tokenizer().decode(task.ids, true);
      CAPTURE(task.kind);
      CAPTURE(text);
      REQUIRE(!task.answers.empty());
      for (const std::string& answer : task.answers) CHECK(count_of(text, answer) >= 1);
      CHECK(count_of(text, "?") == (task.question_first ? 2 : 1));
      CHECK(text.find("[user]") == (chat ? text.find('[') : std::string::npos));
      if (chat) {
        CHECK(text.ends_with("?[end][answer]"));
      } else {
        CHECK((text.ends_with(" is") || text.ends_with(" are") || text.ends_with(" the")));
      }
    }
    CHECK(kinds.size() == 5);
    CHECK(make_recall_tasks(*model, "too few words", kSize, 5)->empty());
  }
}

TEST_CASE("a fact stands between sentences, where its depth says") {
  const auto model = brim::test::tiny_model();
  const auto tasks = make_recall_tasks(*model, some_text(), kSize, 60);
  REQUIRE(tasks);
  for (const RecallTask& task : *tasks) {
    if (task.kind != "single" || task.question_first) continue;
    const std::string text = model->tokenizer().decode(task.ids, true);
    const std::size_t fact = text.find(" The code of the ");
    REQUIRE(fact != std::string::npos);
    CHECK(text[fact - 1] == '.');
    const double depth = static_cast<double>(fact) / static_cast<double>(text.size());
    CHECK(depth > task.depth * 0.8);
    CHECK(depth < task.depth + 0.15);
  }
}

TEST_CASE("a template that leaves out what a user says is refused") {
  brim::test::TinyModel shape;
  shape.chat_template = "Say something:";
  const auto tasks = make_recall_tasks(*brim::test::tiny_model(shape), some_text(), kSize, 5);
  REQUIRE(!tasks);
  CHECK(tasks.error().sentence.find("leaves out what a user says") != std::string::npos);
}
