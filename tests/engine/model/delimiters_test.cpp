// What tokens end: in prose, code, chats and scripts without spaces.
#include "engine/model/delimiters.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/engine/text/tiny_vocabularies.hpp"

using brim::kv::Delimiter;
using brim::model::delimiter_of;
namespace text = brim::text;

TEST_CASE("prose") {
  CHECK(delimiter_of("word") == Delimiter::none);
  CHECK(delimiter_of(" word") == Delimiter::none);
  CHECK(delimiter_of("") == Delimiter::none);
  CHECK(delimiter_of(" ") == Delimiter::space);
  CHECK(delimiter_of("word ") == Delimiter::space);
  CHECK(delimiter_of(",") == Delimiter::clause);
  CHECK(delimiter_of(", ") == Delimiter::clause);
  CHECK(delimiter_of(" —") == Delimiter::clause);
  CHECK(delimiter_of(";") == Delimiter::statement);
  CHECK(delimiter_of(".") == Delimiter::sentence);
  CHECK(delimiter_of("!\"") == Delimiter::sentence);
  CHECK(delimiter_of("?”)") == Delimiter::sentence);
  CHECK(delimiter_of("...") == Delimiter::sentence);
  CHECK(delimiter_of("3.14") == Delimiter::none);
  CHECK(delimiter_of("\"") == Delimiter::none);
  CHECK(delimiter_of(".\n") == Delimiter::line);
  CHECK(delimiter_of("\n") == Delimiter::line);
  CHECK(delimiter_of("\r\n") == Delimiter::line);
  CHECK(delimiter_of("\n\n") == Delimiter::paragraph);
  CHECK(delimiter_of(".\n \n") == Delimiter::paragraph);
}

TEST_CASE("code") {
  CHECK(delimiter_of("}") == Delimiter::brace);
  CHECK(delimiter_of("){") == Delimiter::brace);
  CHECK(delimiter_of("}\n") == Delimiter::brace);
  CHECK(delimiter_of("})") == Delimiter::brace);
  CHECK(delimiter_of(");") == Delimiter::statement);
  CHECK(delimiter_of(";\n") == Delimiter::line);
  CHECK(delimiter_of(":\n    ") == Delimiter::line);
  CHECK(delimiter_of("    ") == Delimiter::space);
  CHECK(delimiter_of("()") == Delimiter::none);
}

TEST_CASE("scripts without spaces, and others' marks") {
  CHECK(delimiter_of("。") == Delimiter::sentence);
  CHECK(delimiter_of("！") == Delimiter::sentence);
  CHECK(delimiter_of("？」") == Delimiter::sentence);
  CHECK(delimiter_of("了。") == Delimiter::sentence);
  CHECK(delimiter_of("、") == Delimiter::clause);
  CHECK(delimiter_of("，") == Delimiter::clause);
  CHECK(delimiter_of("；") == Delimiter::statement);
  CHECK(delimiter_of("है।") == Delimiter::sentence);
  CHECK(delimiter_of("字") == Delimiter::none);
  CHECK(delimiter_of("\xe3\x80") == Delimiter::none);  // half a character
}

TEST_CASE("a whole vocabulary: a byte for each id, words begin after spaces, an answer's end ends a turn") {
  const std::string mark = "\u2581";
  const text::Vocabulary vocabulary = brim::test::spm_vocabulary({mark + "word", ".", "。", "x"});
  auto tokenizer = text::Tokenizer::create(vocabulary);
  REQUIRE(tokenizer.ok());
  const auto classes = brim::model::find_delimiters(*tokenizer);
  REQUIRE(classes.size() == vocabulary.tokens.size());
  const auto of = [&](const std::string& token) {
    return classes[static_cast<std::size_t>(brim::test::id_of(vocabulary, token))];
  };
  CHECK(of(mark + "word") == brim::kv::kBeginsWord);
  CHECK(of(".") == static_cast<int>(Delimiter::sentence));
  CHECK(of("。") == static_cast<int>(Delimiter::sentence));
  CHECK(of("x") == 0);
  CHECK(of("<0x0A>") == (static_cast<int>(Delimiter::line) | brim::kv::kBeginsWord));
  CHECK(of("</s>") == static_cast<int>(Delimiter::turn));
  CHECK(of("<s>") == 0);
}
