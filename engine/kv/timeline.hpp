// How far the text has advanced: tokens counted from the beginning, and the positions they get, which start again lower
// when the context is used up.
#pragma once

#include <cstdint>

namespace brim::kv {

struct Timeline {
  std::int64_t tokens = 0;      ///< processed since the memory was cleared
  std::int64_t position = 0;    ///< of the next token; ≤ context
  std::int64_t rebased = 0;     ///< how often positions were rebased
  std::int64_t rebased_at = 0;  ///< tokens processed at the last rebase, including the chunk that caused it

  void advance(std::int64_t count) noexcept {
    tokens += count;
    position += count;
  }
};

/// Tokens that streams take in together: a whole chunk, or one draft from a chunk.
struct TokenSpan {
  std::int64_t tokens = 0;    ///< processed before the first of them
  std::int64_t position = 0;  ///< of the first of them
  std::int64_t count = 0;
  std::int64_t staged_from = 0;  ///< place of the first of them in the staging buffer

  std::int64_t end() const { return tokens + count; }
};

}  // namespace brim::kv
