// SentencePiece's merging as llama.cpp does it: join the neighbours whose joint text is the token of the highest score,
// until none is left; characters that are not tokens fall back to byte tokens. Sits below the tokenizer, which has cut
// out special tokens and added the space prefix.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/base/work_meter.hpp"
#include "engine/text/token_map.hpp"
#include "engine/text/vocabulary.hpp"

namespace brim::text {

/// Immutable after construction; encode is safe to call from several threads.
class SpmEncoder {
 public:
  /// Keeps views of the vocabulary's token strings: it must outlive the encoder.
  explicit SpmEncoder(const Vocabulary& vocabulary);

  /// Appends the tokens of `text`, whose spaces are U+2581 already. O(n log n). A byte that has no token becomes the
  /// unknown token, or nothing when there is none. At most 2³¹ − 1 bytes, for each of which it allocates 4, and 12 for each
  /// character. Stops early when `meter` is cancelled.
  void encode(std::string_view text, std::vector<std::int32_t>& out, WorkMeter* meter = nullptr) const;

 private:
  TokenMap tokens_;
  std::vector<float> scores_;
  std::array<std::int32_t, 256> byte_tokens_{};
};

}  // namespace brim::text
