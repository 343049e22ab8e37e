// Moving a layer's entries to contiguous positions when the context is used up: keys are stored rotated, so each is
// unpacked, rotated back by the distance it moves, and packed again.
#pragma once

#include <cstdint>

#include "engine/kv/streams.hpp"
#include "kernels/table.hpp"

namespace brim::kv {

class KeyRotation;

/// What rebasing needs in addition to the layer. `keys` holds a granule of unpacked keys; a null `rotation` means that
/// no key of the model carries a position.
struct RebaseTools {
  const kernels::Table& table;
  const KeyRotation* rotation;
  float* keys;
};

/// The stream's sinks keep their positions, so that repeated rebasing never changes them; the others get contiguous
/// positions that end at `end` (exclusive). Indices do not change.
void rebase(Stream& stream, std::int64_t end, const RebaseTools& tools) noexcept;

}  // namespace brim::kv
