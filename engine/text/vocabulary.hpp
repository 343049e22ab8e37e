// What a tokenizer is made of, as plain data: read from GGUF metadata by engine/model/vocabulary.cpp, or built by
// tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"

namespace brim::text {

/// GGUF's token types.
enum class TokenType : std::uint8_t {
  undefined = 0,
  normal = 1,
  unknown = 2,
  control = 3,
  user_defined = 4,
  unused = 5,
  byte = 6
};

struct Vocabulary {
  std::string model;                ///< tokenizer.ggml.model: "llama" (SPM), "gpt2" (byte-level BPE) or "gemma4"
  std::string pre;                  ///< tokenizer.ggml.pre: "llama-bpe", "qwen2", … (BPE only; empty is "default")
  std::string name;                 ///< general.name: Phi-3 models drop white space after special tokens
  std::vector<std::string> tokens;  ///< as stored: BPE in GPT-2's byte alphabet, others with U+2581 for space
  std::vector<float> scores;        ///< SPM; empty or one per token
  std::vector<TokenType> types;     ///< empty or one per token
  std::vector<std::string> merges;  ///< BPE: "left right", best first
  std::int32_t bos = -1, eos = -1, eot = -1, eom = -1, unknown = -1, separator = -1, padding = -1;
  // Whether the metadata names these ids. One that is only a tokenizer's default may be any token of this vocabulary: it
  // never ends an answer.
  bool names_bos = false, names_eos = false;
  // Fill-in-the-middle tokens; where the metadata has none they are found by their text. The last three end an answer.
  std::int32_t fim_prefix = -1, fim_suffix = -1, fim_middle = -1, fim_padding = -1, fim_repository = -1,
               fim_separator = -1;
  std::vector<std::int32_t> end_of_generation;  ///< further ids that end an answer (tokenizer.ggml.eos_token_ids …)
  std::vector<std::int32_t> suppressed;         ///< ids that no answer may have (tokenizer.ggml.suppress_tokens)
  bool add_bos = false;
  bool add_eos = false;
  bool add_space_prefix = true;
  bool remove_extra_whitespaces = false;
};

/// A vocabulary without tokens that has the special ids and rules a kind of tokenizer has when its metadata says
/// nothing: SPM bos 1, eos 2, unknown 0, BOS added, space prefix; BPE no special ids, no space prefix, BOS by
/// pre-tokenizer; Gemma 4 bos 2, eos 1, unknown 3, padding 0, BOS added, no space prefix. The caller drops ids past the end of the tokens. Errors: unsupported naming
/// the model ("bert", "t5", "rwkv", …) or the pre-tokenizer, and the known ones.
Result<Vocabulary> default_vocabulary(std::string_view model, std::string_view pre);

}  // namespace brim::text
