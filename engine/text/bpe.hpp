// Byte-pair encoding: a word starts as bytes, or as characters in Gemma 4's vocabularies, and the neighbours of the best
// merge are joined until no merge applies. Sits below the tokenizer, behind the pre-tokenizer that makes the words.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/work_meter.hpp"
#include "engine/text/candidate_heap.hpp"
#include "engine/text/symbol_spans.hpp"
#include "engine/text/token_map.hpp"
#include "engine/text/vocabulary.hpp"

namespace brim::text {

/// Immutable after construction; encode is safe to call from several threads, each with its own scratch.
class BpeEncoder {
 public:
  /// Buffers that encode reuses from word to word: 16 bytes for each byte of the longest.
  struct Scratch {
    SymbolSpans symbols;
    std::vector<std::int32_t> strings;                  // at a symbol's offset: its interned text
    CandidateHeap<std::uint64_t, std::greater<>> heap;  // rank in the upper half, the left symbol in the lower
  };

  /// `ignore_merges`: a whole word that is a token is taken as it is. Merges that do not read as two strings of the
  /// byte alphabet never apply. With the model "gemma4", words and tokens are characters, with U+2581 for spaces.
  BpeEncoder(const Vocabulary& vocabulary, bool ignore_merges);

  /// Appends the tokens of one word (its plain bytes). O(n log n). What is not a token becomes the tokens of its bytes;
  /// bytes without a token are left out, as llama.cpp does. Stops early when `meter` is cancelled.
  void encode(std::string_view word, Scratch& scratch, std::vector<std::int32_t>& out,
              WorkMeter* meter = nullptr) const;

 private:
  struct Merge {
    std::uint64_t pair = 0;
    std::int32_t rank = -1, joint = -1;
  };

  std::optional<std::string> bytes_of(std::string_view text) const;
  std::int32_t intern(std::string_view bytes);
  void begin(std::string_view word, Scratch& scratch, WorkMeter* meter) const;
  std::int32_t token_of(std::int32_t string) const {
    return string < 0 ? -1 : token_of_string_[static_cast<std::size_t>(string)];
  }
  const Merge* find_merge(std::int32_t left, std::int32_t right) const;
  void add_merge(std::int32_t left, std::int32_t right, std::int32_t rank, std::int32_t joint);

  TokenMap numbers_;                             // every token's and merge's bytes, numbered in turn
  std::vector<std::int32_t> token_of_string_;    // −1: a string that only occurs in merges
  std::array<std::int32_t, 256> byte_string_{};  // of the token that stands for a byte
  std::vector<Merge> merges_;                    // open addressing, a power of two
  bool ignore_merges_;
  bool characters_;
};

}  // namespace brim::text
