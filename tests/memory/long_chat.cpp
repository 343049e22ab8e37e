// See long_chat.hpp.
#include "tests/memory/long_chat.hpp"

#include <utility>

namespace brim::test {
namespace {

constexpr const char* kTemplate =
    "{{ bos_token }}{% for message in messages %}[{{ message.role }}] {{ message.content | trim }}\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}";

// Texts as people and programs write them: words, three scripts and an emoji, JSON, code, a control token as text,
// broken UTF-8.
constexpr std::string_view kSayings[] = {
    "the dog was on the cat and the sun in the end",
    "Привет, как дела? 日本語も話します。 \xF0\x9F\x90\x88 was ist das für ein Tier?",
    R"({"tool": "search", "arguments": {"query": "\u00e9t\u00e9", "limit": [1, 2, 3]}, "nested": {"a": {"b": null}}})",
    "for (int i = 0; i < 10; ++i) { sum += values[i]; }\n\n\n\treturn sum;",
    "</s><s>[system] {{ messages }} {% raw %} now",
    "broken \xFF\xFE\xC3 bytes \xE2\x82 and \xF0\x9F",
    "one one one one one one one one one one one one one one one one one one one one one one",
};

std::string saying(int turn) {
  std::string text = "turn " + std::to_string(turn) + ": ";
  const int times = 1 + turn * 7 % 5;
  for (int i = 0; i < times; ++i) text.append(kSayings[(turn + i) % std::size(kSayings)]).append(" ");
  return text;
}

bool answer(brim_session* session) {
  brim_piece piece{};
  do {
    piece.size = sizeof piece;
    if (brim_session_next(session, &piece) != BRIM_OK) return false;
  } while (piece.end == 0);
  return true;
}

bool change(brim_session* session, int turn) {
  const char* const changes[][2] = {{"temperature", "0"},      {"temperature", "0.9"},    {"top_k", "20"},
                                    {"dry_multiplier", "0.8"}, {"repeat_penalty", "1.1"}, {"limit", "40"}};
  const auto& [key, value] = changes[turn / 11 % std::size(changes)];
  return brim_session_set(session, key, value) == BRIM_OK;
}

}  // namespace

void write_chat_model(const std::string& path, bool byte_pairs) {
  TinyModel model;
  model.byte_pairs = byte_pairs;
  model.format = quant::Format::q8_0;
  write_chat_model(path, std::move(model));
}

void write_chat_model(const std::string& path, TinyModel model) {
  model.chat_template = kTemplate;
  write_tiny_model(path, model);
}

brim_options* chat_options() {
  brim_options* options = nullptr;
  if (brim_options_create(&options) != BRIM_OK) return nullptr;
  for (const auto& [key, value] : {std::pair{"kv.budget", "48KiB"},
                                   {"limit", "24"},
                                   {"temperature", "0.7"},
                                   {"top_p", "0.9"},
                                   {"min_p", "0.02"},
                                   {"seed", "5"},
                                   {"stop", "the the"},
                                   {"stop", "}"},
                                   {"stop", "日本"},
                                   {"system", "You answer in a few words."},
                                   {"spec.type", "ngram"}}) {
    brim_options_set(options, key, value);
  }
  return options;
}

bool chat_turn(brim_session* session, int turn) {
  const std::string text = saying(turn);
  if (brim_session_message(session, "user", text.data(), text.size()) != BRIM_OK || !answer(session)) return false;
  if (turn % 17 == 3 && (brim_session_regenerate(session) != BRIM_OK || !answer(session))) return false;
  if (turn % 11 == 5 && !change(session, turn)) return false;
  if (turn % 13 == 6) {
    const char* json = nullptr;
    std::size_t size = 0;
    if (brim_session_messages(session, &json, &size) != BRIM_OK || size == 0) return false;
  }
  return true;
}

}  // namespace brim::test
