// Texts for every tokenizer: each pre-tokenizer's own worst cases, one word, special tokens inside each other.
#include <string>
#include <vector>

#include "engine/text/special_tokens.hpp"
#include "engine/text/tokenizer.hpp"
#include "tests/doubling/steps.hpp"
#include "tests/engine/text/tiny_vocabularies.hpp"

namespace {

using namespace brim;
using test::check_doubling;

constexpr const char* kPreTokenizers[] = {
#define PRE_TOKENIZER(name, split, traits) name,
#include "engine/text/pre_tokenizers.def"
};

struct Input {
  const char* name;
  std::string (*make)(std::size_t n);
};

std::string repeated(std::string_view unit, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += unit;
  return text;
}

// Runs of everything that a pattern repeats, with and without what ends it, and pairs that make a pattern begin in
// vain.
const Input kInputs[] = {
    {"letters", [](std::size_t n) { return std::string(n, 'a'); }},
    {"capitals", [](std::size_t n) { return std::string(n, 'A'); }},
    {"capitals, a small letter", [](std::size_t n) { return std::string(n, 'A') + 'a'; }},
    {"mixed case", [](std::size_t n) { return repeated("aB", n); }},
    {"capitals and CJK", [](std::size_t n) { return repeated("A日", n); }},
    {"spaces", [](std::size_t n) { return std::string(n, ' '); }},
    {"spaces, a letter", [](std::size_t n) { return std::string(n, ' ') + 'a'; }},
    {"a letter, spaces, a letter", [](std::size_t n) { return 'a' + std::string(n, ' ') + 'a'; }},
    {"line ends", [](std::size_t n) { return std::string(n, '\n'); }},
    {"line ends, a letter", [](std::size_t n) { return std::string(n, '\n') + 'a'; }},
    {"carriage returns", [](std::size_t n) { return std::string(n, '\r'); }},
    {"space and line end", [](std::size_t n) { return repeated(" \n", n); }},
    {"long lines of spaces", [](std::size_t n) { return repeated(std::string(999, ' ') + '\n', n); }},
    {"one line end, then spaces", [](std::size_t n) { return "\n" + std::string(n, ' ') + 'a'; }},
    {"punctuation, line ends, spaces", [](std::size_t n) { return "!\n\n" + std::string(n, ' ') + '!'; }},
    {"tabs", [](std::size_t n) { return std::string(n, '\t'); }},
    {"no-break spaces", [](std::size_t n) { return repeated("\u00A0", n); }},
    {"U+180E", [](std::size_t n) { return repeated("\u180E", n); }},
    {"digits", [](std::size_t n) { return std::string(n, '1'); }},
    {"punctuation", [](std::size_t n) { return std::string(n, '!'); }},
    {"slashes", [](std::size_t n) { return std::string(n, '/'); }},
    {"apostrophes", [](std::size_t n) { return std::string(n, '\''); }},
    {"contractions", [](std::size_t n) { return repeated("'s", n); }},
    {"letter, apostrophe", [](std::size_t n) { return repeated("a'", n); }},
    {"punctuation and letters", [](std::size_t n) { return repeated("!a", n); }},
    {"combining marks", [](std::size_t n) { return 'e' + repeated("\u0301", n); }},
    {"CJK", [](std::size_t n) { return repeated("中", n); }},
    {"Hangul", [](std::size_t n) { return repeated("한", n); }},
    {"emoji", [](std::size_t n) { return repeated("😀\u200D", n); }},
    {"zero bytes", [](std::size_t n) { return std::string(n, '\0'); }},
    {"bytes that are not UTF-8", [](std::size_t n) { return std::string(n, '\xFF'); }},
    {"recent characters", [](std::size_t n) { return repeated("\U0001FAE8", n); }},
    {"prose", [](std::size_t n) { return repeated("It's 12 o'clock! \n\n Ça va? 中文 ", n); }},
    {"control tokens", [](std::size_t n) { return repeated("<|end|>", n); }},
    {"beginnings of control tokens", [](std::size_t n) { return repeated("<|en", n); }},
    {"user-defined tokens", [](std::size_t n) { return repeated("[note]", n); }},
};

text::Tokenizer made(text::Vocabulary vocabulary) {
  auto tokenizer = text::Tokenizer::create(std::move(vocabulary));
  REQUIRE_MESSAGE(tokenizer.ok(), tokenizer.error().sentence);
  return std::move(tokenizer).value();
}

void check(const text::Tokenizer& tokenizer, const std::string& kind, std::size_t n) {
  for (const Input& input : kInputs) {
    check_doubling(kind + ": " + input.name, n, [&](std::size_t size) -> std::function<void()> {
      return [&tokenizer, text = input.make(size)] {
        const auto ids = tokenizer.encode(text, {.add_special = false, .parse_special = true});
        CHECK(ids.ok());
        CHECK(tokenizer.control_starts(text).size() <= text.size());
        CHECK(tokenizer.decode(*ids, true).size() >= 1);
      };
    });
  }
}

}  // namespace

TEST_CASE("every pre-tokenizer, and byte-pair merging") {
  std::vector<std::pair<std::string, std::string>> merges;
  for (std::string word = "a"; word.size() < 64; word += word) merges.emplace_back(word, word);
  for (std::string word = " "; word.size() < 64; word += word) merges.emplace_back(word, word);
  std::vector<std::string> seen;
  for (const std::string name : kPreTokenizers) {
    if (name != "gemma4") check(made(test::bpe_vocabulary(name, merges)), name, 6000);
  }
  // Words of this one are characters.
  std::vector<std::string> words, pairs;
  for (const std::string first : {"a", "\u2581"}) {
    for (std::string word = first; word.size() < 64; word += word) {
      words.push_back(word);
      pairs.push_back(word + " " + word);
    }
  }
  check(made(test::gemma4_vocabulary(words, pairs)), "gemma4", 6000);
}

TEST_CASE("SentencePiece merging, of texts that are one word") {
  std::vector<std::string> words;
  for (std::string word = "a"; word.size() < 64; word += word) words.push_back(word);
  for (std::string word = "\u2581"; word.size() < 96; word += word) words.push_back(word);
  check(made(test::spm_vocabulary(words)), "llama", 6000);
}

TEST_CASE("special tokens that lie inside each other, and many of them") {
  struct Kind {
    const char* name;
    std::string (*token)(std::size_t i);
    std::string (*text)(std::size_t n);
  };
  const Kind kinds[] = {
      {"all lengths of one letter", [](std::size_t i) { return std::string(i + 1, 'a'); },
       [](std::size_t n) { return std::string(n, 'a'); }},
      {"one letter, and never the end", [](std::size_t i) { return std::string(i + 1, 'a') + 'b'; },
       [](std::size_t n) { return std::string(n, 'a'); }},
      {"numbered", [](std::size_t i) { return "<t" + std::to_string(i) + ">"; },
       [](std::size_t n) {
         std::string text;
         for (std::size_t i = 0; text.size() < n; ++i) text += "<t" + std::to_string(i % 400) + ">";
         return text;
       }},
      {"a common beginning", [](std::size_t i) { return std::string(50, '<') + std::to_string(i); },
       [](std::size_t n) { return std::string(n, '<'); }},
  };
  for (const Kind& kind : kinds) {
    text::Vocabulary vocabulary = test::spm_vocabulary({});
    for (std::size_t i = 0; i < 400; ++i) test::add_token(vocabulary, kind.token(i), text::TokenType::user_defined);
    const text::Tokenizer tokenizer = made(std::move(vocabulary));
    check_doubling(kind.name, 20000, [&](std::size_t n) -> std::function<void()> {
      return [&tokenizer, text = kind.text(n)] { CHECK(tokenizer.encode(text, {}).ok()); };
    });
  }
}
