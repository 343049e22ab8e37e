// Small vocabularies whose merges can be followed by hand.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/text/byte_alphabet.hpp"
#include "engine/text/tokenizer.hpp"
#include "engine/text/unicode.hpp"
#include "engine/text/vocabulary.hpp"

namespace brim::test {

inline std::string in_byte_alphabet(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text::append_utf8(text::byte_to_character(static_cast<unsigned char>(byte)), text);
  return text;
}

inline void add_token(text::Vocabulary& vocabulary, const std::string& token, text::TokenType type, float score = 0) {
  vocabulary.tokens.push_back(token);
  vocabulary.types.push_back(type);
  vocabulary.scores.push_back(score);
}

/// <unk> 0, <s> 1, </s> 2, the bytes from 3 on, then `words` from 259 on with scores −1, −2, …
inline text::Vocabulary spm_vocabulary(const std::vector<std::string>& words) {
  text::Vocabulary vocabulary = text::default_vocabulary("llama", "").value();
  add_token(vocabulary, "<unk>", text::TokenType::unknown);
  add_token(vocabulary, "<s>", text::TokenType::control);
  add_token(vocabulary, "</s>", text::TokenType::control);
  for (int byte = 0; byte < 256; ++byte) {
    const char digits[] = "0123456789ABCDEF";
    add_token(vocabulary, std::string("<0x") + digits[byte / 16] + digits[byte % 16] + ">", text::TokenType::byte);
  }
  for (const std::string& word : words) {
    add_token(vocabulary, word, text::TokenType::normal, -static_cast<float>(vocabulary.tokens.size() - 258));
  }
  return vocabulary;
}

/// The bytes are tokens 0 to 255; each merge (of plain bytes) adds its result from 256 on; then <|end|> and <|user|>,
/// control, and [note], user-defined. BOS and EOS are <|end|>.
inline text::Vocabulary bpe_vocabulary(const std::string& pre,
                                       const std::vector<std::pair<std::string, std::string>>& merges) {
  text::Vocabulary vocabulary = text::default_vocabulary("gpt2", pre).value();
  for (int byte = 0; byte < 256; ++byte) {
    add_token(vocabulary, in_byte_alphabet(std::string(1, static_cast<char>(byte))), text::TokenType::normal);
  }
  for (const auto& [left, right] : merges) {
    vocabulary.merges.push_back(in_byte_alphabet(left) + " " + in_byte_alphabet(right));
    add_token(vocabulary, in_byte_alphabet(left + right), text::TokenType::normal);
  }
  add_token(vocabulary, "<|end|>", text::TokenType::control);
  vocabulary.bos = vocabulary.eos = static_cast<std::int32_t>(vocabulary.tokens.size()) - 1;
  add_token(vocabulary, "<|user|>", text::TokenType::control);
  add_token(vocabulary, "[note]", text::TokenType::user_defined);
  return vocabulary;
}

/// Gemma 4's kind of BPE: words are characters, and merges are those given, two pieces with a space between them.
inline text::Vocabulary gemma4_vocabulary(const std::vector<std::string>& words, std::vector<std::string> merges) {
  text::Vocabulary vocabulary = text::default_vocabulary("gemma4", "").value();
  const text::Vocabulary pieces = spm_vocabulary(words);
  vocabulary.tokens = pieces.tokens;
  vocabulary.types = pieces.types;
  vocabulary.merges = std::move(merges);
  return vocabulary;
}

inline TokenId id_of(const text::Vocabulary& vocabulary, const std::string& token) {
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (vocabulary.tokens[id] == token) return static_cast<TokenId>(id);
  }
  return -1;
}

}  // namespace brim::test
