// Breakers given as text are found as tokens of a vocabulary small enough to list.
#include "engine/generate/dry_breakers.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace brim;

namespace {

// <unk> <s> </s>, 256 byte tokens from 3 on, then the words from 259 on.
text::Tokenizer tokenizer_of(const std::vector<std::string>& words) {
  text::Vocabulary vocabulary;
  vocabulary.model = "llama";
  const auto add = [&](const std::string& token, text::TokenType type, float score) {
    vocabulary.tokens.push_back(token);
    vocabulary.types.push_back(type);
    vocabulary.scores.push_back(score);
  };
  add("<unk>", text::TokenType::unknown, 0);
  add("<s>", text::TokenType::control, 0);
  add("</s>", text::TokenType::control, 0);
  for (int byte = 0; byte < 256; ++byte) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    add(std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">", text::TokenType::byte, 0);
  }
  for (std::size_t place = 0; place < words.size(); ++place) {
    add(words[place], text::TokenType::normal, -static_cast<float>(place));
  }
  vocabulary.unknown = 0;
  vocabulary.bos = 1;
  vocabulary.eos = 2;
  vocabulary.add_space_prefix = false;
  auto tokenizer = text::Tokenizer::create(std::move(vocabulary));
  REQUIRE(tokenizer.ok());
  return std::move(tokenizer).value();
}

constexpr TokenId kBytes = 3, kWords = 259;

}  // namespace

TEST_CASE("a token that contains a breaker breaks alone") {
  const text::Tokenizer tokenizer = tokenizer_of({"a", "b", "a:", ":b", "a:b", "ab"});
  const auto found = generate::find_dry_breakers(tokenizer, {":", "\n"});
  REQUIRE(found.ok());
  const std::vector<std::vector<TokenId>> expected = {
      {kBytes + '\n'}, {kBytes + ':'}, {kWords + 2}, {kWords + 3}, {kWords + 4}};
  CHECK(*found == expected);
}

TEST_CASE("a token that ends in the beginning of a breaker breaks with the rest behind it") {
  const text::Tokenizer tokenizer = tokenizer_of({"U", "s", "Us", "xU", "Use"});
  const auto found = generate::find_dry_breakers(tokenizer, {"Us"});
  REQUIRE(found.ok());
  const std::vector<std::vector<TokenId>> expected = {
      {kBytes + 'U', kWords + 1}, {kWords, kWords + 1}, {kWords + 2}, {kWords + 3, kWords + 1}, {kWords + 4}};
  CHECK(*found == expected);
}

TEST_CASE("an empty breaker is refused, a long one cut") {
  const text::Tokenizer tokenizer = tokenizer_of({"a"});
  const auto refused = generate::find_dry_breakers(tokenizer, {":", ""});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().sentence == "a DRY breaker is empty");
  const auto found = generate::find_dry_breakers(tokenizer, {std::string(5000, 'a')});
  REQUIRE(found.ok());
  for (const auto& sequence : *found) CHECK(sequence.size() <= 21);
  CHECK(std::count(found->begin(), found->end(), std::vector<TokenId>(21, kWords)) == 1);
}
