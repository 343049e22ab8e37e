// Where things lie in the cache's memory, and therefore what they cost. The plan sums these sizes and the memory places
// its data with the same functions, so the two cannot disagree.
//
//   staging            scratch                            layer 0                             layer 1 …
//   a chunk of the     positions, indices, scores,        ┌ keys of head 0 ┬ keys of head 1 …
//   layer with the     attention, measures and order of   ├ values of head 0 ┬ …
//   largest entries    the largest layer and one chunk;   ├ positions ┬ indices ┬ attention ┬ measures ┬ counts of packing
//                      a granule of keys as floats; the   └ blocks ┬ their keys
//                      anchors; the document's blocks
//
// Between the scratch and the first layer lie the states of layers that have one, then as many copies of them as there
// may be checkpoints, then one for drafts where the shape asks for it, then a part like a layer's for every checkpoint
// and every layer with a window. A layer's part is `granules` · 16 slots; each head's keys are one contiguous run, and so are its values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/kv/blocks.hpp"
#include "engine/kv/document.hpp"
#include "engine/kv/needs.hpp"
#include "engine/kv/plan.hpp"

namespace brim::kv {

/// Position and index of one entry, both 64 bits; accumulated attention and measure where they are needed.
constexpr std::int64_t metadata_bytes(bool accumulated, bool measure) {
  return 16 + (accumulated ? 4 : 0) + (measure ? 4 : 0);
}
constexpr std::int64_t metadata_bytes(const Needs& needs) {
  return metadata_bytes(needs.accumulated_attention(), needs.measure != EntryMeasure::none);
}

/// Whether each entry of a layer counts how often its keys were packed again (rebase.hpp): one byte.
constexpr bool counts_repacking(const StreamShape& layer) {
  return layer.rope && kernels::kv_below_8_bits(layer.types.key);
}

/// min(window, context): the max number of entries that a layer can ever use.
std::int64_t useful_entries(const StreamShape& layer, std::int64_t context);
/// True when older entries slide out of the layer's window while the context is still being used.
bool slides(const StreamShape& layer, std::int64_t context);

/// Whether checkpoints hold this stream's entries: those that slid out of its window are lost otherwise. Not where
/// quotas move or entries form blocks: going back far is not exact there.
bool in_checkpoints(const StreamShape& layer, std::int64_t context, const Needs& needs);

/// One head's key as it is stored, and its value: 0 where that is in the key.
std::int64_t key_bytes(const StreamShape& layer);
std::int64_t value_bytes(const StreamShape& layer);
/// K and V of one entry, all KV heads.
std::int64_t data_bytes(const StreamShape& layer);
/// A slot's share of its layer's blocks and their keys; 0 where there are none.
std::int64_t block_share_bytes(const StreamShape& layer, const Needs& needs);
/// All metadata of one slot, its share of the blocks included.
std::int64_t slot_metadata_bytes(const StreamShape& layer, const Needs& needs);
/// Data and metadata: what one slot of this layer costs.
std::int64_t entry_bytes(const StreamShape& layer, Needs needs);

/// One state, up to a whole cache line.
std::int64_t padded_state_bytes(const StateShape& state);
/// The states of all layers that have one.
std::int64_t state_bytes(const Shape& shape);

/// The staging buffer: `chunk` entries of the layer with the largest ones, which layers use in turn, and as many of
/// every layer that is held.
std::int64_t staging_bytes(const Shape& shape, std::int64_t chunk);
/// Where in the buffer, in bytes, a chunk of this stream is staged.
std::int64_t staging_place(const Shape& shape, std::int64_t chunk, StreamId stream);
/// One layer's range when all layers share the buffer (drafts): a multiple of 64.
std::int64_t staging_range_bytes(const Shape& shape, std::int64_t chunk);
/// Max number of drafts for which every layer has room in its range, and at most the plan's chunk. May be 0. In addition
/// to what is staged, a draft has what its measure is computed from when it is accepted.
std::int64_t draft_tokens(const Plan& plan);
/// Bytes of that: its keys before rotation, as floats, where they are compared; 4 for a learned score; else 0.
std::int64_t draft_measure_bytes(const Plan& plan, StreamId stream);
/// One token's keys before rotation, all KV heads, as floats.
std::int64_t float_key_bytes(const StreamShape& layer);
/// Copies of all streams' anchors (anchors.hpp): the valid one, the open chunk's, and two that are kept.
inline constexpr std::int64_t kAnchorCopies = 4;
/// All of these copies; 0 where no keys are compared.
std::int64_t anchor_bytes(const Shape& shape, const Needs& needs);

/// The scratch that eviction and rebasing work in, for layers of at most `slots` slots, and what else does not depend
/// on the number of entries per layer: anchors, the document's blocks, and a few blocks in each layer.
std::int64_t scratch_bytes(const Shape& shape, Needs needs, std::int64_t slots, std::int64_t chunk);

/// Where one layer's entries lie.
struct StreamRun {
  std::byte* keys = nullptr;
  std::byte* values = nullptr;
  std::int64_t* positions = nullptr;
  std::int64_t* index = nullptr;
  float* accumulated = nullptr;      ///< null when not requested
  float* measure = nullptr;          ///< the same
  std::uint8_t* repacked = nullptr;  ///< null where counts_repacking() is false
  Block* blocks = nullptr;           ///< null without blocks
  std::byte* block_boxes = nullptr;  ///< [head][block] boxes around keys in f16, or null
  std::int64_t slots = 0;            ///< a multiple of 16
  std::int64_t max_blocks = 0;
  std::int64_t slot_metadata_bytes = 0;  ///< all metadata of one slot
};

/// Room for one layer's entries followed by a chunk's. The chunk's range begins at `slots` in each array, so that a
/// layer's n entries, copied to [slots − n, slots), and the chunk's form one sequence.
struct Scratch {
  std::int64_t* positions = nullptr;
  std::int64_t* index = nullptr;
  float* scores = nullptr;
  float* accumulated = nullptr;  ///< null when not requested
  float* measure = nullptr;      ///< the same
  std::uint32_t* order = nullptr;
  float* keys = nullptr;     ///< one granule of keys, unpacked
  float* anchors = nullptr;  ///< null when no keys are compared
  Block* blocks = nullptr;   ///< of a layer and a chunk, or null
  DocumentMemory document;   ///< empty without blocks
  /// Of each stream that is held, in their order: a chunk's attention, then its measures, as far as they are requested;
  /// null where there are none.
  float* held = nullptr;
  std::int64_t held_floats = 0;  ///< of one of these streams
  std::int64_t slots = 0;
};

/// Hands out the memory from its beginning, in the order of the drawing above. The memory is large enough for
/// everything requested: Memory::create has added the sizes up. A copy taken before the layers hands out their ranges
/// again.
class MemoryMap {
 public:
  explicit MemoryMap(std::span<std::byte> memory) : memory_(memory) {}
  StreamRun layer(const StreamShape& layer, Needs needs, std::int64_t quota);
  std::byte* staging(const Shape& shape, std::int64_t chunk);
  Scratch scratch(const Shape& shape, Needs needs, std::int64_t slots, std::int64_t chunk);
  /// All layers' states, `times` over.
  std::span<std::byte> states(const Shape& shape, std::int64_t times);

 private:
  std::byte* take(std::int64_t bytes);

  std::span<std::byte> memory_;
  std::size_t taken_ = 0;
};

}  // namespace brim::kv
