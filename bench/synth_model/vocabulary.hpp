// A small byte-level BPE vocabulary that works: every text encodes and comes back, common English words are one token.
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
  std::vector<std::string> tokens;        ///< in the alphabet that byte-level BPE files use for bytes
  std::vector<std::int32_t> types;        ///< GGUF's token types: 1 normal, 3 control
  std::vector<std::string> merges;        ///< "left right", best first
  std::uint32_t bos = 0, eos = 0;
  int specials = 0;                       ///< the last tokens
};

/// How many tokens a vocabulary of this family has without padding.
int smallest_vocabulary(VocabularyFamily family);

/// Bytes, words, padding up to `size` tokens, then the special tokens, as in the models themselves. The padding tokens
/// look unused and nothing encodes to them, but they have text, so that generating them is work as usual. Errors:
/// invalid_argument when `size` is below smallest_vocabulary().
Result<SynthVocabulary> make_vocabulary(VocabularyFamily family, int size);

/// Sets the tokenizer's keys, a chat template among them.
void describe_vocabulary(const SynthVocabulary& vocabulary, VocabularyFamily family, io::GgufWriter& writer);

}  // namespace brim::bench
