// Selection by KV head (kv.heads=apart): each head of a layer keeps its own entries, as in SnapKV and Ada-KV (arXiv
// 2404.14469, 2407.11550). The memory does not know about this: it gets a shape in which every head is a stream with
// its own quota, scores and positions, and splits divide the budget among heads as they do among layers. This file
// converts the model's shape to that shape, and back for questions about layers. Each head's own bookkeeping comes out
// of the budget. What this achieves: docs/decisions/0015-selection-by-head.md.
#pragma once

#include "engine/kv/memory.hpp"
#include "engine/kv/plan.hpp"
#include "engine/kv/profile.hpp"

namespace brim::kv {

enum class HeadSelection { together, apart };

/// `shape` with a layer for each KV head. `largest_chunk`: the max number of tokens whose queries are present at a
/// time, because a pass goes through the heads one after another.
Shape heads_apart(const Shape& shape, int largest_chunk);

/// The measurements of a layer, repeated for each of its heads, because losses are measured layer by layer. `apart`: as
/// created by heads_apart. A profile of another number of layers is returned unchanged.
Profile heads_apart(const Profile& profile, const Shape& apart);

/// The streams of one of the model's layers; none where it keeps no entries.
IdRange<StreamId> streams_of(const Shape& shape, LayerId layer);

/// How many layers the model has, up to the last one that keeps anything.
int model_layers(const Shape& shape);

/// Statistics of one of the model's layers: where heads keep their own entries, the mean over them, rounded up; zeros
/// for a layer without entries.
StreamStats layer_stats(const Memory& memory, LayerId layer);

}  // namespace brim::kv
