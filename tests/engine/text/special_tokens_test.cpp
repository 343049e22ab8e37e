#include "engine/text/special_tokens.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <sstream>

#include "engine/text/token_map.hpp"
#include "tests/engine/text/tiny_vocabularies.hpp"

namespace {

using namespace brim::text;
using brim::test::add_token;

struct Specials {
  Vocabulary vocabulary;
  TokenRoles roles;
  explicit Specials(const std::vector<std::pair<std::string, TokenType>>& tokens, const std::string& name = "") {
    vocabulary = default_vocabulary("llama", "").value();
    vocabulary.name = name;
    for (const auto& [text, type] : tokens) add_token(vocabulary, text, type);
    TokenMap map;
    for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id)
      map.insert(vocabulary.tokens[id], static_cast<std::int32_t>(id));
    roles = find_token_roles(vocabulary, map);
  }

  // The result for "abc #0 def": text unchanged, tokens as #id.
  std::string cut(const std::string& text, bool parse_special = true) const {
    std::ostringstream out;
    for (const Fragment& fragment : SpecialTokens(vocabulary, roles).partition(text, parse_special)) {
      if (fragment.token >= 0) {
        out << "#" << fragment.token;
      } else {
        out << "[" << text.substr(fragment.begin, fragment.end - fragment.begin) << "]";
      }
    }
    return out.str();
  }
};

TEST_CASE("control tokens are found on request, user-defined ones always") {
  const Specials specials({{"<a>", TokenType::control},
                           {"[n]", TokenType::user_defined},
                           {"<unk>", TokenType::unknown},
                           {"x", TokenType::normal}});
  CHECK(specials.cut("x<a>y[n]<unk>z") == "[x]#0[y]#1#2[z]");
  CHECK(specials.cut("x<a>y[n]<unk>z", false) == "[x<a>y]#1[<unk>z]");
  CHECK(specials.cut("<a><a>") == "#0#0");
  CHECK(specials.cut("<a") == "[<a]");
  CHECK(specials.cut("").empty());
}

TEST_CASE("longer tokens go first over the whole text") {
  const Specials specials({{"ab", TokenType::control}, {"bcd", TokenType::control}, {"b", TokenType::control}});
  CHECK(specials.cut("abcd") == "[a]#1");  // not ab, though it comes first
  CHECK(specials.cut("abc b") == "#0[c ]#2");
}

TEST_CASE("a token inside another, sharing ends, repeated") {
  const Specials specials(
      {{"  ", TokenType::user_defined}, {"    ", TokenType::user_defined}, {" x", TokenType::user_defined}});
  CHECK(specials.cut("       x") == "#1#0#2");
  CHECK(specials.cut("     ") == "#1[ ]");
}

TEST_CASE("a token found only after a longer one failed to match") {
  const Specials specials({{"abcde", TokenType::control}, {"bc", TokenType::control}, {"d", TokenType::control}});
  CHECK(specials.cut("abcx") == "[a]#1[x]");
  CHECK(specials.cut("abcdx") == "[a]#1#2[x]");
  CHECK(specials.cut("abcdabcde") == "[a]#1#2#0");
}

TEST_CASE("known texts override the type in the file") {
  const Specials specials({{"<｜fim▁hole｜>", TokenType::user_defined},
                           {"<|im_end|>", TokenType::user_defined},
                           {"<|start|>", TokenType::control}});
  CHECK(specials.cut("<｜fim▁hole｜>", false) == "[<｜fim▁hole｜>]");
  CHECK(specials.cut("<|im_end|>", false) == "[<|im_end|>]");
  CHECK(specials.cut("<|start|>", false) == "#2");
}

TEST_CASE("Phi-3's tokens swallow the white space behind them") {
  const std::vector<std::pair<std::string, TokenType>> tokens = {{"<s>", TokenType::control},
                                                                 {"<|user|>", TokenType::control},
                                                                 {"<|end|>", TokenType::control},
                                                                 {"</s>", TokenType::normal}};
  CHECK(Specials(tokens, "Phi-3 mini").cut("<s> a<|user|> \n b<|end|>\n") == "#0[ a]#1[b]#2");
  CHECK(Specials(tokens, "other").cut("<s> a<|user|> \n b<|end|>\n") == "#0[ a]#1[ \n b]#2[\n]");
}

TEST_CASE("hundreds of special tokens, and a text that nearly matches all the way") {
  std::vector<std::pair<std::string, TokenType>> tokens;
  for (int i = 0; i < 500; ++i) tokens.push_back({"<|reserved_" + std::to_string(i) + "|>", TokenType::control});
  tokens.push_back({std::string(4096, '<') + ">", TokenType::control});
  const Specials specials(tokens);
  const auto start = std::chrono::steady_clock::now();
  CHECK(specials.cut(std::string(1 << 20, '<')).size() == (1 << 20) + 2);
  CHECK(specials.cut("<|reserved_77|><|reserved_7|>") == "#77#7");
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
}

TEST_CASE("what ends an answer") {
  Specials specials({{"</s>", TokenType::control},
                     {"<|eot_id|>", TokenType::normal},
                     {"<|end|>", TokenType::control},
                     {"x", TokenType::normal},
                     {"y", TokenType::normal}});
  CHECK(specials.roles.ends_generation == std::vector<bool>{true, true, true, false, false});
  CHECK(specials.roles.assumed_control == std::vector<std::int32_t>{1});
  TokenMap none;
  CHECK(find_token_roles(specials.vocabulary, none).ends_generation ==
        std::vector<bool>(5, false));  // EOS is id 2, but only by default
  specials.vocabulary.names_eos = true;
  specials.vocabulary.eot = 3;
  specials.vocabulary.end_of_generation = {4, 99, -7};
  TokenMap map;
  CHECK(find_token_roles(specials.vocabulary, map).ends_generation ==
        std::vector<bool>{false, false, true, true, true});
}

TEST_CASE("harmony's <|end|> closes a channel only") {
  const Specials specials(
      {{"<|end|>", TokenType::control}, {"<|call|>", TokenType::control}, {"<|return|>", TokenType::control}});
  CHECK(specials.roles.ends_generation == std::vector<bool>{false, true, true});
}

}  // namespace
