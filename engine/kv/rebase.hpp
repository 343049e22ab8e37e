// Moving a layer's entries to contiguous positions when the context is used up: keys are stored rotated, so each is
// unpacked, rotated back by the distance it moves, and packed again.
#pragma once

#include <cstdint>

#include "engine/kv/layer_store.hpp"
#include "kernels/table.hpp"

namespace brim::kv {

class KeyRotation;

/// What rebasing needs beside the layer itself. `keys` holds a granule of unpacked keys; a null `rotation` means that
/// no key of the model carries a position.
struct RebaseTools {
  const kernels::Table& table;
  const KeyRotation* rotation;
  float* keys;
};

/// The first `sinks` entries keep their positions — so that no number of rebases wears them out —, the others get
/// contiguous ones that end at `end` (exclusive). Indices stay. `number` is the layer's number, for the rotation.
void rebase(LayerStore& layer, const LayerShape& shape, int number, std::int64_t sinks, std::int64_t end,
            const RebaseTools& tools) noexcept;

}  // namespace brim::kv
