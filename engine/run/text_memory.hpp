// What a conversation takes beside the arena of its sequence, which books it: whoever keeps texts (engine/generate) stays
// within these.
#pragma once

#include <algorithm>
#include <cstdint>

namespace brim::run {

/// Bytes of text, of names and of the structure around them, that a conversation holds at most outside its latest message:
/// eight for each position of the context, and at least 128 KiB. A cache of that context has evicted what came before.
constexpr std::int64_t max_kept_text(std::int64_t context) {
  return std::max<std::int64_t>(std::int64_t{1} << 17, 8 * context);
}
/// What a conversation of that much text takes at most while it is rendered and turned into ids, itself included. The factor
/// is measured, and tests/memory/after_creation_test.cpp checks that it is enough, with one message that is all of the text:
/// 10 bytes for each of text where byte pairs are merged within words, 29 where all is one word, 35 where SentencePiece takes
/// words, 39 where every second character of them is a space.
constexpr std::int64_t text_memory(std::int64_t kept) { return 40 * kept; }
/// What a sampler with every stage on takes for each token of the vocabulary (engine/generate/samplers/).
inline constexpr std::int64_t kSamplerBytes = 64;

}  // namespace brim::run
