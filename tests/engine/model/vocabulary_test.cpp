#include "engine/model/vocabulary.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "engine/io/gguf_writer.hpp"
#include "engine/model/tokenizer_keys.hpp"
#include "engine/text/tokenizer.hpp"
#include "tests/support/reopened_gguf.hpp"

namespace {

using namespace brim;
using Change = std::function<void(io::GgufWriter&)>;

const std::vector<std::string> kTokens = {"<unk>", "<s>", "</s>", "a", "b", "ab"};
const std::vector<float> kScores = {0, 0, 0, -1, -2, -3};
const std::vector<std::int32_t> kTypes = {2, 3, 3, 1, 1, 1};

void spm(io::GgufWriter& writer) {
  writer.set_string("general.name", "Tiny");
  writer.set_string("tokenizer.ggml.model", "llama");
  writer.set_strings("tokenizer.ggml.tokens", kTokens);
  writer.set_f32s("tokenizer.ggml.scores", kScores);
  writer.set_i32s("tokenizer.ggml.token_type", kTypes);
}

void bpe(io::GgufWriter& writer) {
  writer.set_string("tokenizer.ggml.model", "gpt2");
  writer.set_string("tokenizer.ggml.pre", "qwen2");
  writer.set_strings("tokenizer.ggml.tokens", kTokens);
  writer.set_strings("tokenizer.ggml.merges", std::vector<std::string>{"a b"});
}

template <class Read>
auto read(const Change& base, const Change& change, const Read& take) {
  io::GgufWriter writer;
  base(writer);
  change(writer);
  const auto gguf = test::reopened_gguf(writer);
  REQUIRE(gguf.ok());
  return take(*gguf);
}

text::Vocabulary good(
    const Change& base, const Change& change = [](io::GgufWriter&) {}) {
  auto vocabulary = read(base, change, model::read_vocabulary);
  REQUIRE_MESSAGE(vocabulary.ok(), (vocabulary.ok() ? "" : vocabulary.error().sentence));
  return std::move(vocabulary).value();
}

void bad(const Change& base, const Change& change, ErrorCode code, const std::string& named) {
  const auto vocabulary = read(base, change, model::read_vocabulary);
  REQUIRE_FALSE(vocabulary.ok());
  CHECK(vocabulary.error().code == code);
  CHECK_MESSAGE(vocabulary.error().sentence.find(named) != std::string::npos, vocabulary.error().sentence);
  CHECK(vocabulary.error().sentence.find(".gguf") != std::string::npos);
}

TEST_CASE("SPM: what the file says, and the defaults for what it does not") {
  const text::Vocabulary vocabulary = good(spm);
  CHECK(vocabulary.name == "Tiny");
  CHECK(vocabulary.tokens == kTokens);
  CHECK(vocabulary.scores == kScores);
  CHECK(vocabulary.types[0] == text::TokenType::unknown);
  CHECK(vocabulary.bos == 1);
  CHECK(vocabulary.eos == 2);
  CHECK(vocabulary.unknown == 0);
  CHECK(vocabulary.add_bos);
  CHECK_FALSE(vocabulary.add_eos);
  CHECK(vocabulary.add_space_prefix);
  CHECK(text::Tokenizer::create(vocabulary).ok());
}

TEST_CASE("BPE: merges, no BOS unless asked for") {
  const text::Vocabulary vocabulary = good(bpe, [](io::GgufWriter& w) { w.set_u32("tokenizer.ggml.eos_token_id", 2); });
  CHECK(vocabulary.merges == std::vector<std::string>{"a b"});
  CHECK(vocabulary.pre == "qwen2");
  CHECK(vocabulary.eos == 2);
  CHECK(vocabulary.names_eos);
  CHECK(vocabulary.bos == -1);
  CHECK_FALSE(vocabulary.names_bos);
  CHECK_FALSE(vocabulary.add_bos);
  CHECK_FALSE(vocabulary.add_space_prefix);
  CHECK(good(bpe, [](io::GgufWriter& w) { w.remove("tokenizer.ggml.pre"); }).pre.empty());
}

TEST_CASE("BPE: no BOS is added where the file names none, whatever its pre-tokenizer usually does") {
  const Change llama3 = [](io::GgufWriter& w) {
    w.set_string("tokenizer.ggml.pre", "llama-bpe");
    w.set_strings("tokenizer.ggml.tokens",
                  std::vector<std::string>{"a", "b", "ab", "c", "d", "e", "f", "g", "h", "i", "j", ",", "k"});
    w.remove("tokenizer.ggml.token_type");
  };
  const text::Vocabulary unnamed = good(bpe, llama3);
  CHECK(unnamed.bos == -1);
  CHECK(unnamed.eos == -1);
  CHECK_FALSE(unnamed.add_bos);
  const text::Vocabulary named = good(bpe, [&](io::GgufWriter& w) {
    llama3(w);
    w.set_u32("tokenizer.ggml.bos_token_id", 3);
  });
  CHECK(named.bos == 3);
  CHECK(named.add_bos);
}

TEST_CASE("tokens that a file suppresses are read, and ids that are not tokens are left out") {
  const auto suppress = [](std::vector<std::int32_t> ids) {
    return [ids](io::GgufWriter& w) { w.set_i32s("tokenizer.ggml.suppress_tokens", ids); };
  };
  CHECK(good(spm, suppress({3, -1, 1000000})).suppressed == std::vector<std::int32_t>{3});
  CHECK(good(spm, suppress({})).suppressed.empty());
  bad(
      spm, [](io::GgufWriter& w) { w.set_string("tokenizer.ggml.suppress_tokens", "3"); }, ErrorCode::bad_file,
      "tokenizer.ggml.suppress_tokens");
}

TEST_CASE("rules that would change tokens are refused, unless they say what is done anyway") {
  const auto rule = [](std::string name, bool value) {
    return [=](io::GgufWriter& w) { w.set_bool("tokenizer.ggml." + name, value); };
  };
  const std::pair<const char*, bool> rules[] = {{"escape_whitespaces", true},
                                                {"treat_whitespace_as_suffix", false},
                                                {"normalizer.lowercase", false},
                                                {"normalizer.strip_accents", false}};
  for (const auto& each : rules) {
    CAPTURE(each.first);
    good(spm, rule(each.first, each.second));
    bad(spm, rule(each.first, !each.second), ErrorCode::unsupported, each.first);
  }
  bad(
      spm, [](io::GgufWriter& w) { w.set_string("tokenizer.ggml.escape_whitespaces", "no"); }, ErrorCode::unsupported,
      "escape_whitespaces");
  good(bpe, rule("escape_whitespaces", false));  // white space of BPE is never escaped
  bad(bpe, rule("normalizer.lowercase", true), ErrorCode::unsupported, "lowercase");
}

TEST_CASE("keys of a tokenizer that are not known are listed") {
  const auto unknown = read(
      spm,
      [](io::GgufWriter& w) {
        w.set_string("tokenizer.ggml.pre", "default");
        w.set_u32("tokenizer.ggml.eot_token_id", 2);
        w.set_i32s("tokenizer.ggml.eos_token_ids", std::vector<std::int32_t>{2});
        w.set_u32("tokenizer.ggml.mask_token_id", 2);
        w.set_bool("tokenizer.ggml.add_sep_token", true);
        w.set_bool("tokenizer.ggml.normalizer.nfc", false);
        w.set_string("tokenizer.huggingface.json", "{}");
        w.set_bool("tokenizer.ggml.escape_whitespaces", true);
        w.set_i32s("tokenizer.ggml.precompiled_charsmap", std::vector<std::int32_t>{1, 2});
        w.set_u32("tokenizer.ggml.dropout", 1);
      },
      model::unknown_tokenizer_keys);
  CHECK(unknown == std::vector<std::string>{"tokenizer.ggml.precompiled_charsmap", "tokenizer.ggml.dropout"});
}

TEST_CASE("a number of another type where an integer is expected is named by its type") {
  const auto ignored = read(
      spm, [](io::GgufWriter& w) { w.set_f32s("tokenizer.ggml.eog_token_ids", std::vector<float>{1}); },
      [](const io::Gguf& file) { return model::ignored_token_ids(file, 6); });
  REQUIRE(ignored.size() == 1);
  CHECK_MESSAGE(ignored[0].find("element 0 is the f32 number 1, expected a token id") != std::string::npos, ignored[0]);
}

TEST_CASE("ids and rules of the file count, in any integer type; ids that are not a token do not") {
  const text::Vocabulary vocabulary = good(spm, [](io::GgufWriter& w) {
    w.set_u64("tokenizer.ggml.bos_token_id", 3);
    w.set_i32("tokenizer.ggml.eot_token_id", 4);
    w.set_u32("tokenizer.ggml.eos_token_id", 500);
    w.set_u64("tokenizer.ggml.padding_token_id", ~std::uint64_t{0});
    w.set_i32("tokenizer.ggml.unknown_token_id", -1);
    w.set_i32s("tokenizer.ggml.eos_token_ids", std::vector<std::int32_t>{5, 77, -2});
    w.set_bool("tokenizer.ggml.add_eos_token", true);
    w.set_bool("tokenizer.ggml.add_space_prefix", false);
  });
  CHECK(vocabulary.bos == 3);
  CHECK(vocabulary.names_bos);
  CHECK(vocabulary.eot == 4);
  CHECK(vocabulary.eos == 2);
  CHECK_FALSE(vocabulary.names_eos);  // 500 is not a token: the default stays, and ends nothing
  CHECK(vocabulary.padding == -1);
  CHECK(vocabulary.unknown == 0);
  CHECK(vocabulary.end_of_generation == std::vector<std::int32_t>{5});
  CHECK(vocabulary.add_eos);
  CHECK_FALSE(vocabulary.add_space_prefix);
}

TEST_CASE("special ids that are not tokens' are said, each with its key, what it is and what it should be") {
  const auto ignored = [](const Change& change) {
    return read(spm, change, [](const io::Gguf& gguf) { return model::ignored_token_ids(gguf, kTokens.size()); });
  };
  CHECK(ignored([](io::GgufWriter& w) {
          w.set_u32("tokenizer.ggml.eos_token_id", 5);
          w.set_i32s("tokenizer.ggml.eos_token_ids", std::vector<std::int32_t>{0, 5});
        }).empty());
  const std::vector<std::string> found = ignored([](io::GgufWriter& w) {
    w.set_u32("tokenizer.ggml.bos_token_id", 6);
    w.set_u32("tokenizer.ggml.eos_token_id", 500);
    w.set_u64("tokenizer.ggml.padding_token_id", ~std::uint64_t{0});
    w.set_i32("tokenizer.ggml.fim_pre_token_id", -1);
    w.set_i32s("tokenizer.ggml.eos_token_ids", std::vector<std::int32_t>{5, 77, -2});
    w.set_f32s("tokenizer.ggml.eog_token_ids", std::vector<float>{2});
  });
  const std::vector<std::string> expected{
      "key 'tokenizer.ggml.bos_token_id' is 6, expected a token id from 0 to 5",
      "key 'tokenizer.ggml.eos_token_id' is 500, expected a token id from 0 to 5",
      "key 'tokenizer.ggml.padding_token_id' is 18446744073709551615, expected a token id from 0 to 5",
      "key 'tokenizer.ggml.fim_pre_token_id' is -1, expected a token id from 0 to 5",
      "key 'tokenizer.ggml.eos_token_ids': element 1 is 77 (1 more are wrong), expected a token id from 0 to 5",
      "key 'tokenizer.ggml.eog_token_ids': element 0 is the f32 number 2, expected a token id from 0 to 5",
  };
  CHECK(found == expected);
}

TEST_CASE("a BOS or EOS to add that the file does not name, or names wrongly: the sentence says which") {
  bad(
      bpe, [](io::GgufWriter& w) { w.set_bool("tokenizer.ggml.add_bos_token", true); }, ErrorCode::bad_file,
      " has no key 'tokenizer.ggml.bos_token_id', expected a token id from 0 to 5, because BOS is to be added to "
      "texts");
  bad(
      bpe,
      [](io::GgufWriter& w) {
        w.set_bool("tokenizer.ggml.add_eos_token", true);
        w.set_u32("tokenizer.ggml.eos_token_id", 99999);
      },
      ErrorCode::bad_file,
      ": key 'tokenizer.ggml.eos_token_id' is 99999, expected a token id from 0 to 5, because EOS");
}

TEST_CASE("wrong files: the sentence names the file and the key") {
  const auto is_bad = [](const Change& base, const Change& change, const std::string& named) {
    bad(base, change, ErrorCode::bad_file, named);
  };
  is_bad(
      spm, [](io::GgufWriter& w) { w.remove("tokenizer.ggml.model"); }, "tokenizer.ggml.model");
  is_bad(
      spm, [](io::GgufWriter& w) { w.remove("tokenizer.ggml.tokens"); }, "tokenizer.ggml.tokens");
  is_bad(
      spm, [](io::GgufWriter& w) { w.set_strings("tokenizer.ggml.tokens", {}); }, "tokenizer.ggml.tokens");
  is_bad(
      spm, [](io::GgufWriter& w) { w.set_u32("tokenizer.ggml.tokens", 3); }, "u32");
  is_bad(
      spm, [](io::GgufWriter& w) { w.set_f32s("tokenizer.ggml.tokens", kScores); }, "tokenizer.ggml.tokens");
  is_bad(
      spm, [](io::GgufWriter& w) { w.set_f32s("tokenizer.ggml.scores", std::vector<float>(5)); },
      "has 5 entries, expected 6");
  is_bad(
      spm, [](io::GgufWriter& w) { w.set_i32s("tokenizer.ggml.token_type", std::vector<std::int32_t>(7)); },
      "token_type");
  is_bad(
      spm, [](io::GgufWriter& w) { w.set_strings("tokenizer.ggml.scores", kTokens); }, "an array of numbers");
  is_bad(
      spm,
      [](io::GgufWriter& w) {
        w.set_f32s("tokenizer.ggml.scores", std::vector<float>{0, 0, 0, NAN, -2, -3});
      },
      "not a number");
  is_bad(
      spm, [](io::GgufWriter& w) { w.set_string("tokenizer.ggml.bos_token_id", "x"); }, "bos_token_id");
  is_bad(
      spm, [](io::GgufWriter& w) { w.set_u32("tokenizer.ggml.add_bos_token", 1); }, "add_bos_token");
  is_bad(
      bpe, [](io::GgufWriter& w) { w.remove("tokenizer.ggml.merges"); }, "merges");
  is_bad(
      bpe, [](io::GgufWriter& w) { w.set_bool("tokenizer.ggml.add_bos_token", true); }, "bos_token_id");
}

TEST_CASE("tokenizers that are not known are refused by name") {
  bad(
      spm, [](io::GgufWriter& w) { w.set_string("tokenizer.ggml.model", "bert"); }, ErrorCode::unsupported, "'bert'");
  bad(
      bpe, [](io::GgufWriter& w) { w.set_string("tokenizer.ggml.pre", "made-up"); }, ErrorCode::unsupported,
      "'made-up'");
}

TEST_CASE("token types past the known ones are undefined, scores may be integers") {
  const text::Vocabulary vocabulary = good(spm, [](io::GgufWriter& w) {
    w.set_i32s("tokenizer.ggml.token_type", std::vector<std::int32_t>{2, 3, 3, 99, -4, 1});
    w.set_i32s("tokenizer.ggml.scores", std::vector<std::int32_t>{0, 0, 0, -1, -2, -3});
  });
  CHECK(vocabulary.types[3] == text::TokenType::undefined);
  CHECK(vocabulary.types[4] == text::TokenType::undefined);
  CHECK(vocabulary.scores == kScores);
}

TEST_CASE("the chat template") {
  const auto template_of = [](const Change& change) { return read(spm, change, model::read_chat_template); };
  CHECK(template_of([](io::GgufWriter&) {}).value().empty());
  CHECK(template_of([](io::GgufWriter& w) { w.set_string("tokenizer.chat_template", "{{ x }}"); }).value() ==
        "{{ x }}");
  CHECK(
      template_of([](io::GgufWriter& w) { w.set_string("tokenizer.chat_template.tools", "{{ y }}"); }).value().empty());
  CHECK_FALSE(template_of([](io::GgufWriter& w) { w.set_u32("tokenizer.chat_template", 1); }).ok());
}

}  // namespace
