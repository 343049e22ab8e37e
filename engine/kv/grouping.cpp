// Entries that belong together: Cache's part that keeps each layer's list of blocks in step with its entries and with
// the cuts the document makes, and the box around each block's keys in step with them. Without blocks all of it does
// nothing.
//
// A box is made when a block is cut off, and again when it loses entries or its keys are rotated; the open block has
// none, since it is always read.
#include <algorithm>

#include "engine/kv/cache.hpp"

namespace brim::kv {

// The blocks of the layer's entries and the chunk's, if there is one, in the scratch: `from` says which have their
// boxes still. The chunk belongs to the open block, but for what is cut off now.
std::span<Block> Cache::list_blocks(const Layer& layer) noexcept {
  if (!document_.cut()) return {};
  const std::span<const Block> own = layer.store.blocks();
  std::size_t count = own.size();
  for (std::size_t i = 0; i < count; ++i) {
    scratch_.blocks[i] = own[i];
    scratch_.blocks[i].from = i + 1 < count ? static_cast<std::int32_t>(i) : -1;
  }
  if (chunk_ > 0) {
    if (count == 0) scratch_.blocks[count++] = {document_.open_before(), 0, -1};
    scratch_.blocks[count - 1].length += static_cast<std::int32_t>(chunk_);
    cut_open_block(layer, count);
  }
  return {scratch_.blocks, count};
}

void Cache::cut_open_block(const Layer& layer, std::size_t& count) noexcept {
  const std::int64_t used = layer.store.used(), end = used + chunk_;
  const std::span<const std::int64_t> index = layer.store.index();
  std::int64_t first = end - scratch_.blocks[count - 1].length;  // of the open block
  for (std::int64_t i = 0; i < document_.fresh_cuts(); ++i) {
    const std::int64_t start = document_.fresh_cut(i);
    const std::int64_t entry =
        start >= tokens_ ? used + start - tokens_ : std::lower_bound(index.begin(), index.end(), start) - index.begin();
    Block& open = scratch_.blocks[count - 1];
    if (entry <= first) {  // of what was open nothing is left
      open.start = start;
      continue;
    }
    open.length = static_cast<std::int32_t>(entry - first);
    scratch_.blocks[count++] = {start, static_cast<std::int32_t>(end - entry), -1};
    first = entry;
  }
}

// After the layer's entries are what the list says. Blocks only ever move towards the beginning of the list.
void Cache::store_blocks(Layer& layer, int number, std::span<const Block> blocks) noexcept {
  if (!document_.cut()) return;
  LayerStore& store = layer.store;
  store.set_blocks(blocks.size());
  const std::span<Block> own = store.blocks();
  std::int64_t first = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto from = static_cast<std::size_t>(blocks[i].from);
    own[i] = blocks[i];
    if (store.has_block_boxes() && i + 1 < blocks.size() && blocks[i].from != static_cast<std::int32_t>(i)) {
      if (blocks[i].from < 0) {
        enclose_keys(layer, number, i, first);
      } else {
        for (int head = 0; head < shape(number).kv_heads; ++head) {
          std::copy_n(store.block_box(head, from), store.block_box_bytes(), store.block_box(head, i));
        }
      }
    }
    first += blocks[i].length;
  }
}

void Cache::enclose_keys(const Layer& layer, int number, std::size_t block, std::int64_t first) noexcept {
  const LayerStore& store = layer.store;
  const int size = shape(number).key_size;
  const std::int64_t length = store.blocks()[block].length;
  const auto unpack = table_->unpack_kv[static_cast<int>(shape(number).types.key)];
  float *low = scratch_.keys, *high = low + size, *key = high + size;
  for (int head = 0; head < shape(number).kv_heads; ++head) {
    unpack(store.key(head, first), size, low);
    std::copy_n(low, size, high);
    for (std::int64_t entry = first + 1; entry < first + length; ++entry) {
      unpack(store.key(head, entry), size, key);
      for (int d = 0; d < size; ++d) {
        low[d] = std::min(low[d], key[d]);
        high[d] = std::max(high[d], key[d]);
      }
    }
    for (int d = 0; d < size; ++d) {
      const float half = 0.5f * (high[d] - low[d]);
      low[d] += half;
      high[d] = half;
    }
    table_->pack_kv[static_cast<int>(kernels::KvType::f16)](low, 2 * size, store.block_box(head, block));
  }
}

void Cache::renew_block_boxes(Layer& layer, int number) noexcept {
  if (!layer.store.has_block_boxes()) return;
  std::int64_t first = 0;
  for (std::size_t i = 0; i + 1 < layer.store.blocks().size(); ++i) {
    enclose_keys(layer, number, i, first);
    first += layer.store.blocks()[i].length;
  }
}

void Cache::learn_delimiters(const Layer& layer, std::span<const float> mass, std::int64_t queries) noexcept {
  if (!mass_decides()) return;
  const std::span<const std::int64_t> retained = layer.store.index();
  std::int64_t* index = scratch_.index + scratch_.slots - static_cast<std::int64_t>(retained.size());
  std::copy(retained.begin(), retained.end(), index);
  const std::size_t entries = retained.size() + static_cast<std::size_t>(chunk_);
  if (mass.size() != entries) return;
  document_.learn({index, entries}, mass, std::min(queries, chunk_), layer.forced.sinks,
                  1.0f / static_cast<float>(layers_.size()), {scratch_.scores, entries});
}

}  // namespace brim::kv
