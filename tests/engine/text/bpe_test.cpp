#include "engine/text/bpe.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "tests/engine/text/tiny_vocabularies.hpp"
#include "tests/support/random.hpp"

namespace {

using namespace brim::text;
using brim::test::bpe_vocabulary;
using Ids = std::vector<std::int32_t>;

Ids encode(const Vocabulary& vocabulary, const std::string& word, bool ignore_merges = false) {
  const BpeEncoder encoder(vocabulary, ignore_merges);
  BpeEncoder::Scratch scratch;
  Ids before, ids;
  encoder.encode("abcabc", scratch, before);  // a scratch that was used before must not matter
  encoder.encode(word, scratch, ids);
  return ids;
}

// Applies the first merge of the list that matches any neighbours, leftmost first, until none matches.
std::vector<std::string> merge_slowly(const std::vector<std::pair<std::string, std::string>>& merges,
                                      const std::string& word) {
  std::vector<std::string> symbols;
  for (const char c : word) symbols.emplace_back(1, c);
  const auto best_place = [&]() -> std::size_t {
    for (const auto& [left, right] : merges) {
      for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
        if (symbols[i] == left && symbols[i + 1] == right) return i;
      }
    }
    return symbols.size();
  };
  for (std::size_t at = best_place(); at < symbols.size(); at = best_place()) {
    symbols[at] += symbols[at + 1];
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
  return symbols;
}

TEST_CASE("random merges and words: the same as applying the first merge again and again") {
  brim::test::Random random(11);
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> pieces = {"a", "b"};
    std::vector<std::pair<std::string, std::string>> merges;
    while (merges.size() < 12) {
      const std::string left = pieces[random.bits() % pieces.size()], right = pieces[random.bits() % pieces.size()];
      if (left.size() + right.size() > 7 || std::find(pieces.begin(), pieces.end(), left + right) != pieces.end())
        continue;
      merges.emplace_back(left, right);
      pieces.push_back(left + right);
    }
    const Vocabulary vocabulary = bpe_vocabulary("gpt-2", merges);
    for (const std::size_t length : {1, 2, 3, 9, 40, 150}) {
      std::string word;
      while (word.size() < length) word += static_cast<char>('a' + random.bits() % 2);
      CAPTURE(word);
      Ids expected;
      for (const std::string& symbol : merge_slowly(merges, word)) {
        const auto at = std::find(vocabulary.tokens.begin(), vocabulary.tokens.end(), symbol);
        expected.push_back(static_cast<std::int32_t>(at - vocabulary.tokens.begin()));
      }
      CHECK(encode(vocabulary, word) == expected);
    }
  }
}

TEST_CASE("merges apply by rank, the left one of equals first") {
  const Vocabulary vocabulary = bpe_vocabulary("gpt-2", {{"b", "c"}, {"a", "b"}, {"a", "bc"}, {"a", "a"}});
  CHECK(encode(vocabulary, "abc") == Ids{258});
  CHECK(encode(vocabulary, "ab") == Ids{257});
  CHECK(encode(vocabulary, "abab") == Ids{257, 257});
  CHECK(encode(vocabulary, "aaa") == Ids{259, 'a'});
  CHECK(encode(vocabulary, "aabc") == Ids{'a', 258});
  CHECK(encode(vocabulary, "") == Ids{});
}

TEST_CASE("a merge that another one has overtaken waits for its new rank") {
  // After "b c" is merged, the candidate "a b" is out of date: its first symbol is now next to "bc", and the merge "a
  // bc" ranks last.
  const Vocabulary vocabulary = bpe_vocabulary("gpt-2", {{"b", "c"}, {"a", "b"}, {"bc", "d"}, {"a", "bc"}});
  CHECK(encode(vocabulary, "abcd") == Ids{'a', 258});
}

TEST_CASE("a word that is a token but that no merges reach: only where merges are ignored") {
  Vocabulary vocabulary = bpe_vocabulary("gpt-2", {{"a", "b"}});
  vocabulary.tokens.push_back("bac");
  vocabulary.types.push_back(TokenType::normal);
  vocabulary.scores.push_back(0);
  const auto whole = static_cast<std::int32_t>(vocabulary.tokens.size()) - 1;
  CHECK(encode(vocabulary, "bac", false) == Ids{'b', 'a', 'c'});
  CHECK(encode(vocabulary, "bac", true) == Ids{whole});
}

TEST_CASE("a merge whose result is not a token falls apart into bytes") {
  Vocabulary vocabulary = bpe_vocabulary("gpt-2", {});
  vocabulary.merges = {"a b"};
  CHECK(encode(vocabulary, "xab") == Ids{'x', 'a', 'b'});
}

TEST_CASE("bytes without a token are left out, merges that cannot be read never apply") {
  Vocabulary vocabulary = default_vocabulary("gpt2", "gpt-2").value();
  vocabulary.tokens = {"a", "b", "ab", "<｜x｜>"};
  vocabulary.merges = {"nospace", "", " ", "a ", "｜ x", "zz qq", "a b", "b a"};
  CHECK(encode(vocabulary, "abca") == Ids{2, 0});
  CHECK(encode(vocabulary, "<｜x｜>") == Ids{});
}

TEST_CASE("of a merge or token listed twice the first counts") {
  Vocabulary vocabulary = bpe_vocabulary("gpt-2", {{"b", "c"}, {"a", "b"}});
  vocabulary.merges.push_back(vocabulary.merges[0]);
  std::swap(vocabulary.merges[0], vocabulary.merges[1]);
  vocabulary.tokens.push_back("ab");
  CHECK(encode(vocabulary, "abc") == Ids{257, 'c'});
}

TEST_CASE("a mebibyte of one character as one word") {
  const Vocabulary vocabulary = bpe_vocabulary("gpt-2", {{"a", "a"}, {"aa", "aa"}, {"aaaa", "aaaa"}});
  const auto start = std::chrono::steady_clock::now();
  CHECK(encode(vocabulary, std::string(1 << 20, 'a')) == Ids(1 << 17, 258));
  CHECK(encode(vocabulary, std::string(1 << 20, 'b')).size() == 1 << 20);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

}  // namespace
