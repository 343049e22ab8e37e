// See layout.hpp.
#include "engine/kv/layout.hpp"

#include <algorithm>

#include "engine/kv/saturate.hpp"

namespace brim::kv {
namespace {

constexpr std::int64_t kAlignment = 64;

std::int64_t vector_bytes(kernels::KvType type, int size) {
  return static_cast<std::int64_t>(kernels::kv_vector_bytes(type, size));
}

std::int64_t largest_key(const Shape& shape) {
  std::int64_t size = 0;
  for (const StreamShape& layer : shape.layers) size = std::max<std::int64_t>(size, layer.key_size);
  return size;
}

/// Block arrays are cut to this behind a run's other arrays, so that what follows them is aligned.
constexpr std::int64_t kBlockAlignment = 16;

bool has_block_boxes(const StreamShape& layer, const Needs& needs) { return needs.block_boxes && layer.window == 0; }
/// The boxes around one block's keys, all KV heads.
std::int64_t block_box_bytes(const StreamShape& layer) {
  return times(layer.kv_heads, times(2, vector_bytes(kernels::KvType::f16, layer.key_size)));
}
std::int64_t block_bytes(const StreamShape& layer, const Needs& needs) {
  return plus(sizeof(Block), has_block_boxes(layer, needs) ? block_box_bytes(layer) : 0);
}
/// Blocks of a layer's entries and a chunk's together, before any are joined.
std::int64_t max_listed_blocks(std::int64_t slots, std::int64_t chunk, int size) {
  return max_blocks(plus(slots, chunk), size) + kSpareBlocks;
}

/// One array of the scratch, rounded up so that the next one is aligned.
std::int64_t array_bytes(std::int64_t count, std::int64_t size) { return round_up(times(count, size), kAlignment); }

/// What waits of a chunk of one held stream, besides what is staged.
std::int64_t held_floats(const Needs& needs, std::int64_t chunk) {
  return times((needs.accumulated_attention() ? 1 : 0) + (needs.measure != EntryMeasure::none ? 1 : 0), chunk);
}
std::int64_t held_bytes(const Shape& shape, const Needs& needs, std::int64_t chunk) {
  const auto held =
      std::count_if(shape.layers.begin(), shape.layers.end(), [](const auto& layer) { return layer.held; });
  return array_bytes(times(held, held_floats(needs, chunk)), sizeof(float));
}

}  // namespace

std::int64_t useful_entries(const StreamShape& layer, std::int64_t context) {
  return layer.window > 0 ? std::min(layer.window, context) : context;
}

bool slides(const StreamShape& layer, std::int64_t context) { return layer.window > 0 && layer.window < context; }

bool in_checkpoints(const StreamShape& layer, std::int64_t context, const Needs& needs) {
  return slides(layer, context) && needs.statistic == LayerStatistic::none && !needs.blocks;
}

std::int64_t key_bytes(const StreamShape& layer) { return vector_bytes(layer.types.key, layer.key_size); }

std::int64_t value_bytes(const StreamShape& layer) {
  return layer.values_in_keys ? 0 : vector_bytes(layer.types.value, layer.value_size);
}

std::int64_t data_bytes(const StreamShape& layer) {
  return times(layer.kv_heads, key_bytes(layer) + value_bytes(layer));
}

std::int64_t block_share_bytes(const StreamShape& layer, const Needs& needs) {
  if (needs.block_size == 0) return 0;
  const std::int64_t min = min_block(needs.block_size);
  return plus(block_bytes(layer, needs), min - 1) / min;
}

std::int64_t entry_bytes(const StreamShape& layer, Needs needs) {
  return plus(data_bytes(layer), slot_metadata_bytes(layer, needs));
}

std::int64_t slot_metadata_bytes(const StreamShape& layer, const Needs& needs) {
  return plus(metadata_bytes(needs) + (counts_repacking(layer) ? 1 : 0), block_share_bytes(layer, needs));
}

std::int64_t padded_state_bytes(const StateShape& state) { return round_up(state.bytes, kAlignment); }

std::int64_t state_bytes(const Shape& shape) {
  std::int64_t bytes = 0;
  for (const StateShape& state : shape.states) bytes = plus(bytes, padded_state_bytes(state));
  return bytes;
}

std::int64_t staging_bytes(const Shape& shape, std::int64_t chunk) {
  std::int64_t in_turn = 0, held = 0;
  for (const StreamShape& layer : shape.layers) {
    const std::int64_t own = round_up(times(data_bytes(layer), chunk), kAlignment);
    if (layer.held) {
      held = plus(held, own);
    } else {
      in_turn = std::max(in_turn, own);
    }
  }
  return plus(in_turn, held);
}

std::int64_t staging_place(const Shape& shape, std::int64_t chunk, StreamId stream) {
  if (!shape.at(stream).held) return 0;
  std::int64_t place = 0;
  for (const StreamShape& layer : shape.layers) {
    if (!layer.held) place = std::max(place, round_up(times(data_bytes(layer), chunk), kAlignment));
  }
  for (const StreamId before : ids_up_to<StreamId>(index_of(stream))) {
    const StreamShape& layer = shape.at(before);
    if (layer.held) place = plus(place, round_up(times(data_bytes(layer), chunk), kAlignment));
  }
  return place;
}

std::int64_t staging_range_bytes(const Shape& shape, std::int64_t chunk) {
  if (shape.layers.empty()) return 0;
  return staging_bytes(shape, chunk) / static_cast<std::int64_t>(shape.layers.size()) / kAlignment * kAlignment;
}

std::int64_t draft_tokens(const Plan& plan) {
  std::int64_t tokens = plan.chunk;
  for (const StreamId stream : ids_up_to<StreamId>(plan.shape.layers.size())) {
    const std::int64_t token = plus(data_bytes(plan.shape.at(stream)), draft_measure_bytes(plan, stream));
    tokens = std::min(tokens, staging_range_bytes(plan.shape, plan.chunk) / token);
  }
  return tokens;
}

std::int64_t draft_measure_bytes(const Plan& plan, StreamId stream) {
  if (plan.compares_keys(stream)) return float_key_bytes(plan.shape.at(stream));
  return plan.scores_entries(stream) ? static_cast<std::int64_t>(sizeof(float)) : 0;
}

std::int64_t float_key_bytes(const StreamShape& layer) {
  return times(layer.kv_heads, times(layer.key_size, sizeof(float)));
}

std::int64_t anchor_bytes(const Shape& shape, const Needs& needs) {
  std::int64_t copy = 0;
  for (const StreamShape& layer : shape.layers)
    copy = plus(copy, compares_keys(layer, needs) ? float_key_bytes(layer) : 0);
  return array_bytes(copy, kAnchorCopies);
}

std::int64_t scratch_bytes(const Shape& shape, Needs needs, std::int64_t slots, std::int64_t chunk) {
  const std::int64_t entries = plus(slots, chunk);
  std::int64_t bytes = plus(array_bytes(entries, 8), array_bytes(entries, 8));  // positions, index
  bytes = plus(bytes, plus(array_bytes(entries, 4), array_bytes(entries, 4)));  // scores, order
  if (needs.accumulated_attention()) bytes = plus(bytes, array_bytes(entries, 4));
  if (needs.measure != EntryMeasure::none) bytes = plus(bytes, array_bytes(entries, 4));
  bytes = plus(bytes, array_bytes(kGranuleEntries * largest_key(shape), 4));
  bytes = plus(bytes, plus(anchor_bytes(shape, needs), held_bytes(shape, needs, chunk)));
  if (needs.block_size == 0) return bytes;
  bytes = plus(bytes, array_bytes(max_listed_blocks(slots, chunk, needs.block_size), sizeof(Block)));
  bytes = plus(bytes, array_bytes(DocumentMemory::tokens(chunk), sizeof(std::int32_t)));
  bytes = plus(bytes, array_bytes(DocumentMemory::cuts(chunk, needs.block_size), sizeof(std::int64_t)));
  if (needs.cutting == Cutting::learned) {
    bytes = plus(bytes, array_bytes(kLearnedDelimiters, sizeof(LearnedDelimiter)));
    bytes = plus(bytes, array_bytes(DelimiterMemory::observations_of(DocumentMemory::tokens(chunk)),
                                    sizeof(DelimiterObservation)));
  }
  for (const StreamShape& layer : shape.layers) {
    bytes = plus(bytes, plus(times(kSpareBlocks, block_bytes(layer, needs)), 2 * kBlockAlignment));
  }
  return bytes;
}

std::byte* MemoryMap::take(std::int64_t bytes) {
  std::byte* part = memory_.data() + taken_;
  taken_ += static_cast<std::size_t>(bytes);
  return part;
}

StreamRun MemoryMap::layer(const StreamShape& layer, Needs needs, std::int64_t quota) {
  // 16 slots of anything are a multiple of 16 bytes, so the arrays behind the vectors are aligned without padding.
  StreamRun run;
  run.slots = round_up(quota, kGranuleEntries);
  run.keys = take(run.slots * layer.kv_heads * key_bytes(layer));
  run.values = take(run.slots * layer.kv_heads * value_bytes(layer));
  run.positions = reinterpret_cast<std::int64_t*>(take(run.slots * 8));
  run.index = reinterpret_cast<std::int64_t*>(take(run.slots * 8));
  if (needs.accumulated_attention()) run.accumulated = reinterpret_cast<float*>(take(run.slots * 4));
  if (needs.measure != EntryMeasure::none) run.measure = reinterpret_cast<float*>(take(run.slots * 4));
  if (counts_repacking(layer)) run.repacked = reinterpret_cast<std::uint8_t*>(take(run.slots));
  run.slot_metadata_bytes = slot_metadata_bytes(layer, needs);
  if (needs.block_size == 0) return run;
  run.max_blocks = max_blocks(run.slots, needs.block_size);
  run.blocks = reinterpret_cast<Block*>(take(run.max_blocks * static_cast<std::int64_t>(sizeof(Block))));
  if (has_block_boxes(layer, needs)) {
    run.block_boxes = take(round_up(run.max_blocks * block_box_bytes(layer), kBlockAlignment));
  }
  return run;
}

std::byte* MemoryMap::staging(const Shape& shape, std::int64_t chunk) { return take(staging_bytes(shape, chunk)); }

std::span<std::byte> MemoryMap::states(const Shape& shape, std::int64_t times) {
  const std::int64_t bytes = state_bytes(shape) * times;
  return {take(bytes), static_cast<std::size_t>(bytes)};
}

Scratch MemoryMap::scratch(const Shape& shape, Needs needs, std::int64_t slots, std::int64_t chunk) {
  const std::int64_t entries = slots + chunk;
  Scratch scratch;
  scratch.slots = slots;
  scratch.positions = reinterpret_cast<std::int64_t*>(take(array_bytes(entries, 8)));
  scratch.index = reinterpret_cast<std::int64_t*>(take(array_bytes(entries, 8)));
  scratch.scores = reinterpret_cast<float*>(take(array_bytes(entries, 4)));
  scratch.order = reinterpret_cast<std::uint32_t*>(take(array_bytes(entries, 4)));
  if (needs.accumulated_attention()) scratch.accumulated = reinterpret_cast<float*>(take(array_bytes(entries, 4)));
  if (needs.measure != EntryMeasure::none) scratch.measure = reinterpret_cast<float*>(take(array_bytes(entries, 4)));
  scratch.keys = reinterpret_cast<float*>(take(array_bytes(kGranuleEntries * largest_key(shape), 4)));
  const std::int64_t anchors = anchor_bytes(shape, needs);
  if (anchors > 0) scratch.anchors = reinterpret_cast<float*>(take(anchors));
  scratch.held_floats = held_floats(needs, chunk);
  const std::int64_t held = held_bytes(shape, needs, chunk);
  if (held > 0) scratch.held = reinterpret_cast<float*>(take(held));
  if (needs.block_size == 0) return scratch;
  const auto array = [&]<class T>(T*& place, std::int64_t count) {
    place = reinterpret_cast<T*>(take(array_bytes(count, sizeof(T))));
  };
  array(scratch.blocks, max_listed_blocks(slots, chunk, needs.block_size));
  DocumentMemory& document = scratch.document;
  document.token_count = DocumentMemory::tokens(chunk);
  document.cut_count = DocumentMemory::cuts(chunk, needs.block_size);
  array(document.token_ids, document.token_count);
  array(document.cut_places, document.cut_count);
  if (needs.cutting == Cutting::learned) {
    DelimiterMemory& delimiters = document.delimiters;
    delimiters.observation_count = DelimiterMemory::observations_of(document.token_count);
    array(delimiters.learned, kLearnedDelimiters);
    array(delimiters.observations, delimiters.observation_count);
  }
  return scratch;
}

}  // namespace brim::kv
