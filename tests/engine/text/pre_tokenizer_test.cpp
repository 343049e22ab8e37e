#include "engine/text/pre_tokenizer.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

namespace {

using brim::text::PreTokenizer;
using Words = std::vector<std::string>;

constexpr const char* kNames[] = {
#define PRE_TOKENIZER(name, split, traits) name,
#include "engine/text/pre_tokenizers.def"
};

PreTokenizer pre_tokenizer(const std::string& name) {
  auto made = PreTokenizer::create(name);
  REQUIRE_MESSAGE(made.ok(), name);
  return std::move(made).value();
}

Words cut(const PreTokenizer& words, const std::string& text) {
  Words out;
  auto workspace = PreTokenizer::Workspace::create();
  REQUIRE(workspace.ok());
  REQUIRE(words.split(text, *workspace, [&](std::string_view word) { out.emplace_back(word); }).ok());
  return out;
}
Words cut(const std::string& name, const std::string& text) { return cut(pre_tokenizer(name), text); }

std::string joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += word;
  return text;
}

TEST_CASE("gpt-2: words with their space, numbers, contractions in small letters, the last space of a run apart") {
  CHECK(cut("gpt-2", "I'm 42, we'LL") == Words{"I", "'m", " 42", ",", " we", "'", "LL"});
  CHECK(cut("gpt-2", "a   b\n\nc  ") == Words{"a", "  ", " b", "\n", "\n", "c", "  "});
  CHECK(cut("gpt-2", "x\ty") == Words{"x", "\t", "y"});
  CHECK(cut("gpt-2", " 日本! é") == Words{" 日本", "!", " é"});
}

TEST_CASE("smollm and starcoder: digits alone, before all else") {
  CHECK(cut("smollm", "a 123b") == Words{"a", " ", "1", "2", "3", "b"});
  CHECK(cut("starcoder", "x = 10") == Words{"x", " =", " ", "1", "0"});
}

TEST_CASE("llama-bpe: three digits, one other character before a word, line ends kept with what precedes") {
  CHECK(cut("llama-bpe", "12345") == Words{"123", "45"});
  CHECK(cut("llama-bpe", "(word)\n\n  x") == Words{"(word", ")\n\n", " ", " x"});
  CHECK(cut("llama-bpe", "WE'RE I'll") == Words{"WE", "'RE", " I", "'ll"});
  CHECK(cut("llama-bpe", " \n \n a") == Words{" \n \n", " a"});
  CHECK(cut("llama-bpe", "'ſ") == Words{"'ſ"});  // U+017F equals a small s only under case folding
}

TEST_CASE("qwen2: one digit; qwen35: marks belong to words") {
  CHECK(cut("qwen2", "12 a") == Words{"1", "2", " a"});
  CHECK(cut("qwen2", "a\u0301b") == Words{"a", "\u0301b"});
  CHECK(cut("qwen35", "a\u0301b") == Words{"a\u0301b"});
}

TEST_CASE("falcon and default: punctuation first, then digits by three") {
  CHECK(cut("falcon", "a`b 12345") == Words{"a", "`", "b", " ", "123", "45"});
  CHECK(cut("default", "a+b 12345!?") == Words{"a", "+", "b", " ", "123", "45", "!?"});
  CHECK(cut("", "a+b") == cut("default", "a+b"));
}

TEST_CASE("deepseek: line ends alone, letters, punctuation and Chinese apart") {
  CHECK(cut("deepseek-coder", "a\n\n b12") == Words{"a", "\n", "\n", " b", "1", "2"});
  CHECK(cut("deepseek-coder", "x: 日本") == Words{"x", ":", " ", "日本"});
  CHECK(cut("deepseek-llm", "Hi 日本, 12  ") == Words{"Hi", " ", "日本", ",", " ", "12", "  "});
  CHECK(cut("deepseek-llm", "\u3000a\u3000") == Words{"\u3000a", "\u3000"});
  CHECK(cut("deepseek-v3", "a日本_b 1234") == Words{"a", "日本", "_b", " ", "123", "4"});
  CHECK(cut("deepseek-v3", " ~~ é") == Words{" ~~", " é"});
}

TEST_CASE("tekken and gpt-4o: words break where small ASCII letters end") {
  CHECK(cut("tekken", "HelloWorld USA 12/") == Words{"Hello", "World", " USA", " ", "1", "2", "/"});
  CHECK(cut("gpt-4o", "don't STOP'S 1234\n/") == Words{"don't", " STOP'S", " ", "123", "4", "\n", "/"});
}

TEST_CASE("bloom, viking, jais-2, bailing, seed-coder") {
  CHECK(cut("bloom", "a12, b") == Words{"a12", ",", " b"});
  CHECK(cut("viking", "a12, b") == Words{"a", "1", "2", ",", " b"});
  CHECK(cut("jais-2", "a" + std::string(13, ' ') + "b") == Words{"a", std::string(8, ' '), std::string(4, ' '), " b"});
  CHECK(cut("bailingmoe", "\n\nx") == Words{"\n\n", "x"});
  CHECK(cut("seed-coder", "x;\ny") == Words{"x", ";", "\n", "y"});
}

TEST_CASE("classes are Unicode's, not the library's") {
  CHECK(cut("gpt-2", "a \u180Eb") == Words{"a", " \u180E", "b"});  // not white space since Unicode 6.3
  CHECK(cut("gpt-2", "a \U00011F04b \U00011F50") == Words{"a", " \U00011F04b", " \U00011F50"});
  CHECK(cut("deepseek-v3", "a\U00011F43") == Words{"a", "\U00011F43"});
  CHECK(cut("gpt-2", "\xED\xA0\x80\xED\xB0\x80") == Words{"\xED\xA0\x80\xED\xB0\x80"});
}

TEST_CASE("all of them keep every byte, and turn what is not UTF-8 into U+FFFD") {
  std::string text = "Ab'S 1½ \u180E\u2028\n\r\n\t~$+ é日本😀\u0301 \U00011F04\U0001FAE8\U00031350 ";
  for (int byte = 0; byte < 128; ++byte) text += static_cast<char>(byte);
  for (const char* name : kNames) {
    CAPTURE(name);
    const auto words = pre_tokenizer(name);
    CHECK(joined(cut(words, text)) == text);
    CHECK(joined(cut(words,
                     "a\xFF"
                     "b\xE2\x82")) == "a\uFFFDb\uFFFD\uFFFD");
    CHECK(joined(cut(words, "\xC0\xAF")) == "/");
    CHECK(joined(cut(words, "\xED\xA0\x80 x")) == "\xED\xA0\x80 x");
    CHECK(cut(words, "").empty());
  }
}

TEST_CASE("runs of one character: linear time, bounded stack, with and without an end") {
  constexpr int kCount = 1 << 20;
  for (const char* name : {"gpt-2", "falcon", "llama-bpe", "tekken", "deepseek-llm", "deepseek-v3"}) {
    const auto words = pre_tokenizer(name);
    for (const char* unit : {"a", "A", " ", "\n", ".", "0", "\xFF", "日", "\u00A0"}) {
      CAPTURE(name);
      CAPTURE(unit);
      std::string text;
      while (text.size() < kCount) text += unit;
      text += "x";
      const auto start = std::chrono::steady_clock::now();
      std::size_t pieces = 0;
      auto workspace = PreTokenizer::Workspace::create();
      REQUIRE(workspace.ok());
      const auto done = words.split(text, *workspace, [&](std::string_view) { ++pieces; });
      CHECK(done.ok());
      CHECK(pieces >= 1);
      CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));  // quadratic time would take hours
    }
  }
}

TEST_CASE("an unknown name is refused, and the sentence tells the known ones") {
  const auto made = PreTokenizer::create("made-up");
  REQUIRE_FALSE(made.ok());
  CHECK(made.error().code == brim::ErrorCode::unsupported);
  CHECK(made.error().sentence.find("'made-up'") != std::string::npos);
  CHECK(made.error().sentence.find("llama-bpe") != std::string::npos);
}

}  // namespace
