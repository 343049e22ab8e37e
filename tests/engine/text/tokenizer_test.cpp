#include "engine/text/tokenizer.hpp"

#include <doctest/doctest.h>

#include "tests/engine/text/tiny_vocabularies.hpp"
#include "tests/support/random.hpp"

namespace {

using namespace brim::text;
using brim::TokenId;
using brim::test::bpe_vocabulary;
using brim::test::id_of;
using brim::test::spm_vocabulary;
using Ids = std::vector<TokenId>;

constexpr EncodeOptions kPlain{.add_special = false, .parse_special = false};
constexpr EncodeOptions kParsed{.add_special = false, .parse_special = true};

Tokenizer make(Vocabulary vocabulary) {
  auto tokenizer = Tokenizer::create(std::move(vocabulary));
  REQUIRE_MESSAGE(tokenizer.ok(), (tokenizer.ok() ? "" : tokenizer.error().sentence));
  return std::move(tokenizer).value();
}
Ids encode(const Tokenizer& tokenizer, std::string_view text, const EncodeOptions& options) {
  auto ids = tokenizer.encode(text, options);
  REQUIRE(ids.ok());
  return std::move(ids).value();
}
brim::Error refused(Vocabulary vocabulary) {
  auto tokenizer = Tokenizer::create(std::move(vocabulary));
  REQUIRE_FALSE(tokenizer.ok());
  return tokenizer.error();
}

const std::string kMark = "\u2581";

TEST_CASE("SPM: the space prefix goes before text and after each special token, and comes off again") {
  const Tokenizer tokenizer = make(spm_vocabulary({kMark, "a", kMark + "a", "b"}));
  CHECK(encode(tokenizer, "a", kPlain) == Ids{261});
  CHECK(encode(tokenizer, "a<s>a b", kParsed) == Ids{261, 1, 261, 259, 262});
  CHECK(encode(tokenizer, "", kPlain).empty());
  CHECK(tokenizer.decode({261, 262}, true) == "ab");
  CHECK(tokenizer.decode({1, 261}, true) == "<s> a");
  CHECK(tokenizer.decode({1, 261}, false) == " a");
  CHECK(tokenizer.piece(261, false) == " a");
}

TEST_CASE("SPM: text that continues another gets no space before it, but one after a special token") {
  const Tokenizer tokenizer = make(spm_vocabulary({kMark, "a", kMark + "a", "b"}));
  const EncodeOptions options{.add_special = false, .parse_special = true, .continues = true};
  CHECK(encode(tokenizer, "a<s>a", options) == Ids{260, 1, 261});
}

TEST_CASE("SPM without a space prefix (Gemma)") {
  Vocabulary vocabulary = spm_vocabulary({kMark, "a", kMark + "a"});
  vocabulary.add_space_prefix = false;
  const Tokenizer tokenizer = make(std::move(vocabulary));
  CHECK(encode(tokenizer, "a a", kPlain) == Ids{260, 261});
  CHECK(tokenizer.decode({261, 260}, true) == " aa");
}

TEST_CASE("Gemma 4: BPE of characters with marks for spaces, lines apart, bytes where a character is not a token") {
  Vocabulary vocabulary = spm_vocabulary({kMark, "h", "i", "é", "hi", kMark + "hi", "\n", "\n\n"});
  const std::vector<std::string> tokens = vocabulary.tokens;
  const std::vector<TokenType> types = vocabulary.types;
  vocabulary = default_vocabulary("gemma4", "").value();
  vocabulary.tokens = tokens;
  vocabulary.types = types;
  vocabulary.merges = {"h i", kMark + " hi", "\n \n", "i \n"};
  const Tokenizer tokenizer = make(std::move(vocabulary));
  CHECK(encode(tokenizer, " hi hi", kPlain) == Ids{264, 264});
  CHECK(encode(tokenizer, "hié", kPlain) == Ids{263, 262});
  CHECK(encode(tokenizer, "hi\n\n h", kPlain) == Ids{263, 266, 259, 260});
  CHECK(encode(tokenizer, "\u2603\xFF", kPlain) ==
        Ids{3 + 0xE2, 3 + 0x98, 3 + 0x83, 3 + 0xEF, 3 + 0xBF, 3 + 0xBD});  // what is not UTF-8 is U+FFFD
  CHECK(tokenizer.decode({264, 262, 3 + 0xE2, 3 + 0x98, 3 + 0x83}, true) == " hié\u2603");
  CHECK_FALSE(default_vocabulary("gpt2", "gemma4").ok());
}

TEST_CASE("BOS and EOS") {
  Vocabulary vocabulary = spm_vocabulary({"a"});
  CHECK(encode(make(vocabulary), "", {}) == Ids{1});
  vocabulary.add_bos = false;
  vocabulary.add_eos = true;
  CHECK(encode(make(vocabulary), "", {}) == Ids{2});
  CHECK(encode(make(vocabulary), "", kPlain).empty());
  CHECK_FALSE(make(bpe_vocabulary("qwen2", {})).vocabulary().add_bos);
  CHECK(make(bpe_vocabulary("llama-bpe", {})).vocabulary().add_bos);
}

TEST_CASE("BPE: special tokens as text or as tokens") {
  const Vocabulary vocabulary = bpe_vocabulary("qwen2", {{" ", "h"}, {"h", "i"}});
  const Tokenizer tokenizer = make(vocabulary);
  const TokenId end = id_of(vocabulary, "<|end|>"), note = id_of(vocabulary, "[note]");
  CHECK(encode(tokenizer, " hi<|end|>[note]hi", kParsed) == Ids{256, 'i', end, note, 257});
  CHECK(encode(tokenizer, "<|end|>", kPlain) == Ids{'<', '|', 'e', 'n', 'd', '|', '>'});
  CHECK(encode(tokenizer, "[note]", kPlain) == Ids{note});
  CHECK(tokenizer.ends_generation(end));
  CHECK_FALSE(tokenizer.ends_generation(note));
  CHECK_FALSE(tokenizer.ends_generation(-1));
  CHECK_FALSE(tokenizer.ends_generation(1 << 30));
}

TEST_CASE("pieces: control tokens only when asked for, ids out of range are empty") {
  const Vocabulary vocabulary = bpe_vocabulary("qwen2", {});
  const Tokenizer tokenizer = make(vocabulary);
  const TokenId end = id_of(vocabulary, "<|end|>"), note = id_of(vocabulary, "[note]");
  CHECK(tokenizer.piece(end, false).empty());
  CHECK(tokenizer.piece(end, true) == "<|end|>");
  CHECK(tokenizer.piece(note, false) == "[note]");
  CHECK(tokenizer.piece(' ', false) == " ");
  for (const TokenId id : {-1, -2147483647 - 1, 2147483647, static_cast<TokenId>(tokenizer.size())})
    CHECK(tokenizer.piece(id, true).empty());
  CHECK(tokenizer.decode({-5, 'a', 1 << 30}, true) == "a");
}

TEST_CASE("all bytes come back") {
  const Tokenizer spm = make(spm_vocabulary({"a", "b", kMark}));
  const Tokenizer bpe = make(bpe_vocabulary("qwen2", {{"a", "b"}}));
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  CHECK(spm.decode(encode(spm, every, kPlain), true) == every);
  for (int byte = 0; byte < 256; ++byte) CHECK(bpe.piece(byte, false) == std::string(1, static_cast<char>(byte)));
  CHECK(bpe.decode(encode(bpe, every.substr(0, 128), kPlain), true) == every.substr(0, 128));
}

TEST_CASE("decoding undoes encoding on random text") {
  const Tokenizer tokenizers[] = {
      make(spm_vocabulary({"a", "b", "ab", kMark, kMark + "a", "aba", "é", "日"})),
      make(bpe_vocabulary("qwen2", {{"a", "b"}, {" ", "a"}, {"ab", "ab"}, {"\xC3", "\xA9"}})),
      make(bpe_vocabulary("deepseek-coder", {{"b", "a"}, {" ", "ba"}, {"\xE6\x97", "\xA5"}, {"\xE6", "\x97"}}))};
  const char* units[] = {"a", "b", " ", "é", "日", "😀", "\n", "1", ".", "'s", "[no", "te]", "<|end|>", "<s>", "\u3000"};
  brim::test::Random random(5);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (std::uint32_t n = random.bits() % 20; n > 0; --n) text += units[random.bits() % std::size(units)];
    for (const Tokenizer& tokenizer : tokenizers) {
      const Ids ids = encode(tokenizer, text, kPlain);
      REQUIRE(tokenizer.decode(ids, true) == text);
      std::string pieces;
      for (const TokenId id : ids) pieces += tokenizer.piece(id, true);
      REQUIRE((pieces == text || pieces == " " + text));
    }
  }
}

TEST_CASE("vocabularies that cannot be") {
  using brim::ErrorCode;
  CHECK(refused({}).code == ErrorCode::unsupported);
  Vocabulary vocabulary = spm_vocabulary({"a"});
  for (const char* model : {"bert", "t5", "rwkv", "none", "whatever"}) {
    vocabulary.model = model;
    const brim::Error error = refused(vocabulary);
    CHECK(error.code == ErrorCode::unsupported);
    CHECK(error.sentence.find(model) != std::string::npos);
  }
  vocabulary = bpe_vocabulary("qwen2", {});
  vocabulary.pre = "made-up";
  CHECK(refused(vocabulary).code == ErrorCode::unsupported);
  vocabulary = spm_vocabulary({"a"});
  vocabulary.scores.pop_back();
  CHECK(refused(vocabulary).code == ErrorCode::bad_file);
  vocabulary = spm_vocabulary({"a"});
  vocabulary.types.push_back(TokenType::normal);
  CHECK(refused(vocabulary).code == ErrorCode::bad_file);
  vocabulary = spm_vocabulary({"a"});
  vocabulary.bos = 5000;
  CHECK(refused(vocabulary).code == ErrorCode::bad_file);
  vocabulary.bos = -1;
  CHECK(refused(vocabulary).code == ErrorCode::bad_file);  // add_bos without one
  vocabulary.tokens.clear();
  CHECK(refused(vocabulary).code == ErrorCode::bad_file);
}

TEST_CASE("odd but possible: no types, no scores, empty and repeated tokens, tokens that are not UTF-8") {
  Vocabulary vocabulary = spm_vocabulary({"a", "a", "", "\xFF\xFE", "\xC3"});
  const Tokenizer typed = make(vocabulary);
  CHECK(encode(typed, "a", kPlain) == Ids{3 + 0xE2, 3 + 0x96, 3 + 0x81, 259});
  CHECK(typed.piece(261, true) == "[EMPTY_261]");
  vocabulary.types.clear();
  vocabulary.scores.clear();
  CHECK(make(vocabulary).piece(262, true) == "\xFF\xFE");
}

TEST_CASE("moving a tokenizer keeps it whole") {
  Tokenizer first = make(bpe_vocabulary("qwen2", {{"a", "b"}}));
  Tokenizer second = std::move(first);
  CHECK(encode(second, "ab", kPlain) == Ids{256});
  first = make(spm_vocabulary({"a"}));
  CHECK(first.size() == 260);
}

}  // namespace
