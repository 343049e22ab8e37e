#include "engine/text/spm.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <tuple>
#include <utility>

#include "tests/engine/text/tiny_vocabularies.hpp"
#include "tests/support/random.hpp"

namespace {

using namespace brim::text;
using brim::test::spm_vocabulary;
using Ids = std::vector<std::int32_t>;

Ids encode(const Vocabulary& vocabulary, const std::string& text) {
  Ids ids;
  SpmEncoder(vocabulary).encode(text, ids);
  return ids;
}

// Joins the best pair of neighbours until there is none: the result that the encoder must reach.
Ids encode_slowly(const Vocabulary& vocabulary, const std::string& text) {
  std::vector<std::string> symbols;
  for (const char c : text) symbols.emplace_back(1, c);
  const auto find = [&](const std::string& piece) {
    return std::find(vocabulary.tokens.begin() + 259, vocabulary.tokens.end(), piece) - vocabulary.tokens.begin();
  };
  const auto none = static_cast<std::ptrdiff_t>(vocabulary.tokens.size());
  for (;;) {
    std::size_t best = symbols.size();
    float best_score = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const std::ptrdiff_t token = find(symbols[i] + symbols[i + 1]);
      if (token == none) continue;
      const float score = vocabulary.scores[static_cast<std::size_t>(token)];
      if (best == symbols.size() || score > best_score) std::tie(best, best_score) = std::pair{i, score};
    }
    if (best == symbols.size()) break;
    symbols[best] += symbols[best + 1];
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
  Ids ids;
  for (const std::string& symbol : symbols) ids.push_back(static_cast<std::int32_t>(find(symbol)));
  return ids;
}

TEST_CASE("random vocabularies and texts: the same as joining the best pair again and again") {
  brim::test::Random random(7);
  const auto letters = [&](std::size_t count) {
    std::string text;
    while (text.size() < count) text += static_cast<char>('a' + random.bits() % 2);
    return text;
  };
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> tokens = {"a", "b"};
    for (std::size_t length = 2; length <= 5; ++length) {
      for (int i = 0; i < 4; ++i) {
        const std::string token = letters(length);
        if (std::find(tokens.begin(), tokens.end(), token) == tokens.end()) tokens.push_back(token);
      }
    }
    Vocabulary vocabulary = spm_vocabulary(tokens);
    for (std::size_t id = 259; id < vocabulary.scores.size(); ++id)
      vocabulary.scores[id] = static_cast<float>(random.bits() % 6);
    for (const std::size_t length : {1, 2, 3, 9, 40, 150}) {
      const std::string text = letters(length);
      CAPTURE(text);
      CHECK(encode(vocabulary, text) == encode_slowly(vocabulary, text));
    }
  }
}

TEST_CASE("the best score merges first, whatever its place") {
  // scores: a −1, b −2, c −3, bc −4, ab −5, abc −6
  const Vocabulary vocabulary = spm_vocabulary({"a", "b", "c", "bc", "ab", "abc"});
  CHECK(encode(vocabulary, "abc") == Ids{264});
  CHECK(encode(vocabulary, "ab") == Ids{263});
  CHECK(encode(vocabulary, "abbc") == Ids{263, 262});
  CHECK(encode(vocabulary, "bcab") == Ids{262, 263});
  CHECK(encode(vocabulary, "abcabc") == Ids{264, 264});
}

TEST_CASE("of equal scores the left one merges first") {
  Vocabulary vocabulary = spm_vocabulary({"a", "aa"});
  CHECK(encode(vocabulary, "aaa") == Ids{260, 259});
  vocabulary.scores.assign(vocabulary.tokens.size(), 1.0f);
  CHECK(encode(vocabulary, "aaaaa") == Ids{260, 260, 259});
}

TEST_CASE("what no merge reaches stays apart, though it is a token") {
  const Vocabulary vocabulary = spm_vocabulary({"a", "b", "c", "abc"});  // no ab, no bc
  CHECK(encode(vocabulary, "abc") == Ids{259, 260, 261});
}

TEST_CASE("byte fallback: characters, and bytes that are none") {
  const Vocabulary vocabulary = spm_vocabulary({"a"});
  CHECK(encode(vocabulary, "aé") == Ids{259, 3 + 0xC3, 3 + 0xA9});
  CHECK(encode(vocabulary, "\xFF\xE2\x82") == Ids{3 + 0xFF, 3 + 0xE2, 3 + 0x82});
  CHECK(encode(vocabulary, std::string(1, '\0')) == Ids{3});
  CHECK(encode(vocabulary, "") == Ids{});
}

TEST_CASE("a byte without a token is the unknown token, or nothing") {
  Vocabulary vocabulary = default_vocabulary("llama", "").value();
  vocabulary.tokens = {"?", "a"};
  vocabulary.unknown = 0;
  CHECK(encode(vocabulary, "ba") == Ids{0, 1});
  vocabulary.unknown = -1;
  CHECK(encode(vocabulary, "ba") == Ids{1});
}

TEST_CASE("scores that are not numbers never win and never hang") {
  Vocabulary vocabulary = spm_vocabulary({"a", "aa", "aaa", "b", "ab"});
  vocabulary.scores[260] = std::numeric_limits<float>::quiet_NaN();
  vocabulary.scores[263] = std::numeric_limits<float>::infinity();
  CHECK(encode(vocabulary, "aab") == Ids{259, 263});
  CHECK(encode(vocabulary, "aaaa").size() == 2);
}

TEST_CASE("a mebibyte of one character") {
  const Vocabulary vocabulary = spm_vocabulary({"a", "aa", "aaaa", "aaaaaaaa"});
  const auto start = std::chrono::steady_clock::now();
  CHECK(encode(vocabulary, std::string(1 << 20, 'a')) == Ids(1 << 17, 262));
  CHECK(encode(vocabulary, std::string(1 << 20, 'x')).size() == 1 << 20);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

}  // namespace
