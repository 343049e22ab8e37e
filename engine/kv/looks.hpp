// Texts that are looked at twice: a piece is processed, then replayed, and what the replay attends to is kept (KVzip,
// arXiv 2505.23416). A replay is a look: its tokens are staged, attend and report, but do not become part of the text.
// Until a piece was looked at, its entries are not evicted, so a stream must hold several pieces; the rule decides in
// the others. Memory's code for it is in look.cpp.
#pragma once

#include <cstdint>

#include "engine/kv/streams.hpp"

namespace brim::kv {

/// A stream whose quota holds fewer pieces than this is left to the rule (ours).
inline constexpr std::int64_t kLookPieces = 4;
/// Scores of looks are at least this where their logarithms are stored, as learned scores are.
inline constexpr float kMinLookScore = 1e-6f;

/// The state of a text that is looked at; none is between two texts.
struct Looks {
  std::int64_t piece = 0;  ///< max tokens of a piece; 0: no text is looked at now
  std::int64_t fresh = 0;  ///< the index of the first token that was not looked at yet

  /// Whether looks decide about a stream's entries.
  bool decide(const Stream& stream) const noexcept { return piece > 0 && stream.quota >= kLookPieces * piece; }
};

/// What a look scores, as entries of a stream's view: [first, first + count). Softmax is over these, the first `sinks`
/// entries and the staged ones.
struct LookedAt {
  std::int64_t sinks = 0;
  std::int64_t first = 0;
  std::int64_t count = 0;
};

}  // namespace brim::kv
