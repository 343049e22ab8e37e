// Two turns with a template that asks for thoughts and leaves them out of past answers (Qwen3.5's), by the models of
// ../shared/golden2/arch that keep states or have windows: the second turn, and another answer, process no more again
// than the answer, the new message and what the template adds.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "engine/model/model.hpp"
#include "tests/engine/generate/chat.hpp"
#include "tests/support/shared_data.hpp"

namespace {

using namespace brim;

constexpr const char* kModels[] = {"lfm2",       "lfm2moe",       "qwen35",    "qwen35-mtp", "qwen35moe",
                                   "qwen3next",  "granitehybrid", "falcon-h1", "mamba2",     "nemotron_h",
                                   "gemma4-e2b", "gpt-oss",       "olmo3"};
// These vocabularies write bytes: <|im_start|>assistant, <think> and two line ends are 30 tokens, where those of Qwen3.5
// are 5.
constexpr std::int64_t kPromptForAnswer = 30;

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("two turns process the answer and the new message again, and no more") {
  const std::string path = test::shared_file("golden/chat/templates/Qwen3.5-4B.jinja");
  if (path.empty()) return;
  const std::string thinking = text_of(path);
  for (const std::string name : kModels) {
    const std::string file = test::shared_file("golden2/arch/" + name + ".gguf");
    if (file.empty()) return;
    CAPTURE(name);
    auto model = model::Model::load(file, {.threads = 2});
    if (!model) FAIL(model.error().sentence);
    for (const char* chat_template : {test::kPlain, test::kThinking, thinking.c_str()}) {
      const std::int64_t slack = chat_template == thinking.c_str() ? kPromptForAnswer : test::kSlack;
      CAPTURE(slack);
      test::Chat chat(*model, chat_template);
      chat.message("What was it that the dog saw, and where did it go after that?");
      const std::int64_t asked = chat.tokens();
      REQUIRE(chat.places().size() == 1);
      CHECK(asked - chat.places()[0] <= slack);
      const std::vector<float> logits = chat.logits();
      const std::string answer = test::pieces(*chat.session, 40);
      chat.answer_again();
      CHECK(chat.processed <= slack);
      CHECK(chat.logits() == logits);
      CHECK(test::pieces(*chat.session, 40) == answer);
      chat.message("And then?");
      CHECK(chat.processed <= chat.tokens() - asked + slack);
      CHECK(chat.session->sequence().whole_readings() == 0);
      chat.check_memory();
    }
  }
}
