// Moving a layer's entries to contiguous positions when the context is used up: keys are stored with their positions, so
// each is unpacked, rotated back by the distance it moves, and packed again. A key that does not move is left alone.
//
// Every packing below 8 bits adds an error of the size of the first one's (about .09 σ in q4_0), so a key stored in them
// is packed again kMaxRepacked times at most. Entries that have reached that are the first to be evicted, and one that
// would have to move once more is evicted instead (Intake::drop_worn), unless it is the newest.
#pragma once

#include <cstdint>

#include "engine/kv/streams.hpp"
#include "kernels/table.hpp"

namespace brim::kv {

class KeyRotation;

inline constexpr std::uint8_t kMaxRepacked = 4;

/// What rebasing needs in addition to the layer. `keys` holds a granule of unpacked keys; a null `rotation` means that
/// no key of the model carries a position.
struct RebaseTools {
  const kernels::Table& table;
  const KeyRotation* rotation;
  float* keys;
};

/// How many of a stream's first entries keep their positions: its sinks, the first tokens of all. A stream whose quota
/// grew has older and newer ones among its first entries.
std::int64_t unmoved_sinks(const Stream& stream) noexcept;

/// The stream's sinks keep their positions, so that repeated rebasing never changes them; the others get contiguous
/// positions that end at `end` (exclusive). Indices do not change.
void rebase(Stream& stream, std::int64_t end, const RebaseTools& tools) noexcept;

}  // namespace brim::kv
