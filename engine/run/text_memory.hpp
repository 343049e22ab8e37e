// The memory that a conversation takes outside the arena of its sequence. The sequence books it; the code that keeps
// texts (engine/generate) stays within these limits.
#pragma once

#include <algorithm>
#include <cstdint>

namespace brim::run {

/// Max bytes of text, of names and of the structure around them that a conversation holds outside its latest message:
/// eight for each position of the context, and at least 128 KiB. A cache of that context has evicted what came before.
constexpr std::int64_t max_kept_text(std::int64_t context) {
  return std::max<std::int64_t>(std::int64_t{1} << 17, 8 * context);
}
/// Max memory that a conversation with this many bytes of text takes while it is rendered and turned into ids, the
/// conversation included. The factor is measured, and tests/memory/after_creation_test.cpp checks that it is enough,
/// with one message that is the whole text: 10 bytes per byte of text where byte pairs are merged within words, 29
/// where everything is one word, 35 where SentencePiece takes words, 39 where every second character of them is a
/// space.
constexpr std::int64_t text_memory(std::int64_t kept) { return 40 * kept; }

}  // namespace brim::run
