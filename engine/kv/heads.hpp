// Selection by KV head (kv.heads=apart): each head of a layer keeps entries of its own, as SnapKV and Ada-KV (arXiv
// 2404.14469, 2407.11550) have it. The memory knows nothing of it: it gets a shape in which every head is a stream, with a
// quota, scores and positions of its own, and splits share out among heads as they do among layers. This is the step from
// the model's shape to that one, and back for questions about layers. Each head's own bookkeeping comes out of the
// budget. What it is worth: docs/decisions/0015-selection-by-head.md.
#pragma once

#include "engine/kv/memory.hpp"
#include "engine/kv/plan.hpp"
#include "engine/kv/profile.hpp"

namespace brim::kv {

enum class HeadSelection { together, apart };

/// `shape` with a layer for each KV head. `largest_chunk`: the most tokens whose queries are there at a time, as a pass
/// goes through the heads one after another.
Shape heads_apart(const Shape& shape, int largest_chunk);

/// What was measured of a layer, said of each of its heads: losses are measured layer by layer. `apart` as heads_apart made
/// it; a profile of another number of layers comes back as it is.
Profile heads_apart(const Profile& profile, const Shape& apart);

/// The streams of one of the model's layers; none where it keeps no entries.
IdRange<StreamId> streams_of(const Shape& shape, LayerId layer);

/// How many layers the model has, up to the last one that keeps anything.
int model_layers(const Shape& shape);

/// Of one of the model's layers: where heads keep entries of their own, the mean over them, rounded up; zeros for a layer
/// without entries.
StreamStats layer_stats(const Memory& memory, LayerId layer);

}  // namespace brim::kv
