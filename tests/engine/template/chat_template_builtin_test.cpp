// The built-in chat templates, each against the text its family of models was trained to read.
#include <doctest/doctest.h>

#include <sstream>
#include <string>

#include "engine/template/chat_template.hpp"
#include "tests/engine/text/json_values.hpp"

namespace {

using brim::templates::ChatTemplate;
using brim::test::Json;

std::string render(std::string_view name, const Json& messages, bool generation_prompt) {
  const auto parsed = ChatTemplate::parse(brim::templates::builtin_template(name));
  REQUIRE_MESSAGE(parsed.ok(), parsed.error().sentence);
  const Json variables = {{"messages", messages},
                          {"add_generation_prompt", generation_prompt},
                          {"bos_token", "<s>"},
                          {"eos_token", "</s>"}};
  const auto text = parsed->render(brim::test::tree_of(variables), {});
  REQUIRE_MESSAGE(text.ok(), text.error().sentence);
  return *text;
}

const Json kTalk = Json::array({{{"role", "system"}, {"content", "Be brief."}},
                                {{"role", "user"}, {"content", "Hi"}},
                                {{"role", "assistant"}, {"content", "Yes?"}},
                                {{"role", "user"}, {"content", "Bye"}}});

struct Row {
  const char* name;
  const char* text;  ///< without the opening of the answer
  const char* opening;
};

const Row kRows[] = {
    {"chatml",
     "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYes?<|im_end|>\n"
     "<|im_start|>user\nBye<|im_end|>\n",
     "<|im_start|>assistant\n"},
    {"llama2", "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Yes? </s><s>[INST] Bye [/INST]", ""},
    {"llama3",
     "<s><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n"
     "Hi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nYes?<|eot_id|>"
     "<|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|>",
     "<|start_header_id|>assistant<|end_header_id|>\n\n"},
    {"gemma",
     "<s><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\nYes?<end_of_turn>\n"
     "<start_of_turn>user\nBye<end_of_turn>\n",
     "<start_of_turn>model\n"},
    {"phi3", "<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\nYes?<|end|>\n<|user|>\nBye<|end|>\n",
     "<|assistant|>\n"},
    {"mistral", "<s>[INST] Be brief.\n\nHi [/INST] Yes?</s>[INST] Bye [/INST]", ""},
    {"zephyr", "<|system|>\nBe brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\nYes?</s>\n<|user|>\nBye</s>\n",
     "<|assistant|>\n"},
    {"granite",
     "<|start_of_role|>system<|end_of_role|>Be "
     "brief.<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>Hi<|end_of_text|>\n"
     "<|start_of_role|>assistant<|end_of_role|>Yes?<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>Bye<|end_of_"
     "text|>\n",
     "<|start_of_role|>assistant<|end_of_role|>"},
    {"deepseek", "<s>Be brief.\n\nUser: Hi\n\nAssistant: Yes?</s>User: Bye\n\n", "Assistant:"},
    {"vicuna", "<s>Be brief.\n\nUSER: Hi\nASSISTANT: Yes?</s>\nUSER: Bye\n", "ASSISTANT:"},
    {"alpaca", "<s>Be brief.\n\n### Instruction:\nHi\n\n### Response:\nYes?</s>\n\n### Instruction:\nBye\n\n",
     "### Response:\n"},
    {"plain", "Be brief.\nHi\nYes?\nBye", ""},
};

}  // namespace

TEST_CASE("every built-in template prints a conversation as its family reads it") {
  std::string names;
  for (const Row& row : kRows) {
    CAPTURE(row.name);
    CHECK(render(row.name, kTalk, false) == row.text);
    CHECK(render(row.name, kTalk, true) == std::string(row.text) + row.opening);
    names += (names.empty() ? "" : "|") + std::string(row.name);
  }
  CHECK(brim::templates::builtin_template_names() == names);
}

TEST_CASE("built-in templates take a conversation without a system message") {
  const Json talk = Json::array({{{"role", "user"}, {"content", "Hi"}}});
  for (const Row& row : kRows) {
    CAPTURE(row.name);
    CHECK(render(row.name, talk, true).find("Hi") != std::string::npos);
    CHECK(render(row.name, talk, true).find("Be brief.") == std::string::npos);
  }
  CHECK(render("llama2", talk, true) == "<s>[INST] Hi [/INST]");
}

TEST_CASE("an unknown name has no template") { CHECK(brim::templates::builtin_template("nope").empty()); }
