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
  for (const LayerShape& layer : shape.layers) size = std::max<std::int64_t>(size, layer.key_size);
  return size;
}

/// One array of the scratch, rounded up so that the next one is aligned.
std::int64_t array_bytes(std::int64_t count, std::int64_t size) { return round_up(times(count, size), kAlignment); }

}  // namespace

std::int64_t useful_entries(const LayerShape& layer, std::int64_t context) {
  return layer.window > 0 ? std::min(layer.window, context) : context;
}

bool slides(const LayerShape& layer, std::int64_t context) { return layer.window > 0 && layer.window < context; }

std::int64_t data_bytes(const LayerShape& layer, kernels::KvType type) {
  return times(layer.kv_heads, vector_bytes(type, layer.key_size) + vector_bytes(type, layer.value_size));
}

std::int64_t entry_bytes(const LayerShape& layer, kernels::KvType type, Needs needs) {
  return plus(data_bytes(layer, type), metadata_bytes(needs));
}

std::int64_t staging_bytes(const Shape& shape, std::int64_t chunk) {
  std::int64_t entry = 0;
  for (const LayerShape& layer : shape.layers) entry = std::max(entry, data_bytes(layer, shape.type));
  return round_up(times(entry, chunk), kAlignment);
}

std::int64_t staging_part_bytes(const Shape& shape, std::int64_t chunk) {
  return staging_bytes(shape, chunk) / static_cast<std::int64_t>(shape.layers.size()) / kAlignment * kAlignment;
}

std::int64_t draft_tokens(const Shape& shape, std::int64_t chunk) {
  std::int64_t tokens = chunk;
  for (const LayerShape& layer : shape.layers) {
    tokens = std::min(tokens, staging_part_bytes(shape, chunk) / data_bytes(layer, shape.type));
  }
  return tokens;
}

std::int64_t scratch_bytes(const Shape& shape, Needs needs, std::int64_t slots, std::int64_t chunk) {
  const std::int64_t entries = plus(slots, chunk);
  std::int64_t bytes = plus(array_bytes(entries, 8), array_bytes(entries, 8));          // positions, index
  bytes = plus(bytes, plus(array_bytes(entries, 4), array_bytes(entries, 4)));          // scores, order
  if (needs.attention_mass()) bytes = plus(bytes, array_bytes(entries, 4));
  if (needs.norm != EntryNorm::none) bytes = plus(bytes, array_bytes(entries, 4));
  return plus(bytes, array_bytes(kGranuleEntries * largest_key(shape), 4));
}

std::byte* MemoryMap::take(std::int64_t bytes) {
  std::byte* part = memory_.data() + taken_;
  taken_ += static_cast<std::size_t>(bytes);
  return part;
}

LayerRun MemoryMap::layer(const LayerShape& layer, kernels::KvType type, Needs needs, std::int64_t quota) {
  // 16 slots of anything are a multiple of 16 bytes, so the arrays behind the vectors are aligned without padding.
  LayerRun run;
  run.slots = round_up(quota, kGranuleEntries);
  run.keys = take(run.slots * layer.kv_heads * vector_bytes(type, layer.key_size));
  run.values = take(run.slots * layer.kv_heads * vector_bytes(type, layer.value_size));
  run.positions = reinterpret_cast<std::int64_t*>(take(run.slots * 8));
  run.index = reinterpret_cast<std::int64_t*>(take(run.slots * 8));
  if (needs.attention_mass()) run.mass = reinterpret_cast<float*>(take(run.slots * 4));
  if (needs.norm != EntryNorm::none) run.norm = reinterpret_cast<float*>(take(run.slots * 4));
  return run;
}

std::byte* MemoryMap::staging(const Shape& shape, std::int64_t chunk) { return take(staging_bytes(shape, chunk)); }

Scratch MemoryMap::scratch(const Shape& shape, Needs needs, std::int64_t slots, std::int64_t chunk) {
  const std::int64_t entries = slots + chunk;
  Scratch scratch;
  scratch.slots = slots;
  scratch.positions = reinterpret_cast<std::int64_t*>(take(array_bytes(entries, 8)));
  scratch.index = reinterpret_cast<std::int64_t*>(take(array_bytes(entries, 8)));
  scratch.scores = reinterpret_cast<float*>(take(array_bytes(entries, 4)));
  scratch.order = reinterpret_cast<std::uint32_t*>(take(array_bytes(entries, 4)));
  if (needs.attention_mass()) scratch.mass = reinterpret_cast<float*>(take(array_bytes(entries, 4)));
  if (needs.norm != EntryNorm::none) scratch.norm = reinterpret_cast<float*>(take(array_bytes(entries, 4)));
  scratch.keys = reinterpret_cast<float*>(take(array_bytes(kGranuleEntries * largest_key(shape), 4)));
  return scratch;
}

}  // namespace brim::kv
