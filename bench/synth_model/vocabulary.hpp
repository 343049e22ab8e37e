// A small working byte-level BPE vocabulary: every text can be encoded and decoded again, common English words are one
// token.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/synth_model/shape.hpp"
#include "engine/base/result.hpp"
#include "engine/io/gguf_writer.hpp"

namespace brim::bench {

struct SynthVocabulary {
  std::vector<std::string> tokens;  ///< in the alphabet that byte-level BPE files use for bytes
  std::vector<std::int32_t> types;  ///< GGUF's token types: 1 normal, 3 control
  std::vector<std::string> merges;  ///< "left right", best first
  std::uint32_t bos = 0, eos = 0;
  int specials = 0;  ///< the last tokens
};

/// The number of tokens of a vocabulary of this family without padding.
int smallest_vocabulary(VocabularyFamily family);

/// Bytes, words, padding up to `size` tokens, then the special tokens, as in the models themselves. The padding tokens
/// are unused and nothing encodes to them, but they have text, so that generating them is the usual amount of work.
/// Errors: invalid_argument when `size` is below smallest_vocabulary().
Result<SynthVocabulary> make_vocabulary(VocabularyFamily family, int size);

/// Sets the keys of the tokenizer, including a chat template.
void describe_vocabulary(const SynthVocabulary& vocabulary, VocabularyFamily family, io::GgufWriter& writer);

}  // namespace brim::bench
