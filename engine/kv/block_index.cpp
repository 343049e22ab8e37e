// See block_index.hpp.
#include "engine/kv/block_index.hpp"

#include <algorithm>

namespace brim::kv {

BlockIndex::BlockIndex(const Plan& plan, const Scratch& scratch, const kernels::Table& table,
                       std::span<const std::uint8_t> delimiters) noexcept
    : scratch_(scratch), table_(table), evicts_(plan.budget_bytes < plan.full_bytes) {
  const Needs& needs = plan.needs;
  if (needs.block_size == 0) return;
  document_ = Document(scratch.document, {needs.block_size, needs.cutting, plan.shape.layers.size()}, delimiters);
}

void BlockIndex::begin_chunk(std::int64_t end) noexcept {
  if (evicts_) document_.cut_ahead(end);
}

void BlockIndex::end_chunk(std::int64_t end, Streams& streams) noexcept {
  if (evicts_) return document_.learn_up_to(end);
  document_.cut_behind(end);
  if (document_.fresh_cuts() > 0) {
    for (Stream& stream : streams) cut(stream, end);
  }
  document_.applied();
}

// The chunk's entries are already the stream's.
void BlockIndex::cut(Stream& stream, std::int64_t end) noexcept {
  std::size_t count = list(stream, {}).size();
  if (count == 0) return;
  cut_open_block(stream, {end, 0, 0, 0}, count);
  store(stream, {scratch_.blocks, count});
}

std::span<Block> BlockIndex::list(const Stream& stream, const TokenSpan& chunk) noexcept {
  if (!document_.cut()) return {};
  const std::span<const Block> own = stream.store.blocks();
  std::size_t count = own.size();
  for (std::size_t i = 0; i < count; ++i) {
    scratch_.blocks[i] = own[i];
    scratch_.blocks[i].from = i + 1 < count ? static_cast<std::int32_t>(i) : -1;
  }
  if (chunk.count > 0) {
    if (count == 0) scratch_.blocks[count++] = {document_.open_before(), 0, -1};
    scratch_.blocks[count - 1].length += static_cast<std::int32_t>(chunk.count);
    cut_open_block(stream, chunk, count);
  }
  return {scratch_.blocks, count};
}

std::span<Block> BlockIndex::list_from(const Stream& stream, const TokenSpan& chunk, std::int64_t first) noexcept {
  const std::span<Block> blocks = list(stream, chunk);
  return blocks.first(drop_first_entries(blocks, first));
}

void BlockIndex::cut_open_block(const Stream& stream, const TokenSpan& chunk, std::size_t& count) noexcept {
  const std::int64_t used = stream.store.used(), end = used + chunk.count;
  const std::span<const std::int64_t> index = stream.store.index();
  std::int64_t first = end - scratch_.blocks[count - 1].length;  // first entry of the open block
  for (std::int64_t i = 0; i < document_.fresh_cuts(); ++i) {
    const std::int64_t start = document_.fresh_cut(i);
    const std::int64_t entry = start >= chunk.tokens
                                   ? used + start - chunk.tokens
                                   : std::lower_bound(index.begin(), index.end(), start) - index.begin();
    Block& open = scratch_.blocks[count - 1];
    if (entry <= first) {  // nothing is left of the open block
      open.start = start;
      continue;
    }
    open.length = static_cast<std::int32_t>(entry - first);
    scratch_.blocks[count++] = {start, static_cast<std::int32_t>(end - entry), -1};
    first = entry;
  }
}

std::span<Block> BlockIndex::keep(std::span<Block> blocks, std::span<const std::uint32_t> kept) const noexcept {
  blocks = blocks.first(keep_entries(blocks, kept));
  return blocks.first(join_small(blocks, document_.block_size()));
}

// Blocks only ever move towards the beginning of the list.
void BlockIndex::store(Stream& stream, std::span<const Block> blocks) noexcept {
  if (!document_.cut()) return;
  StreamStore& store = stream.store;
  store.set_blocks(blocks.size());
  const std::span<Block> own = store.blocks();
  std::int64_t first = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto from = static_cast<std::size_t>(blocks[i].from);
    own[i] = blocks[i];
    if (store.has_block_boxes() && i + 1 < blocks.size() && blocks[i].from != static_cast<std::int32_t>(i)) {
      if (blocks[i].from < 0) {
        enclose_keys(stream, i, first);
      } else {
        for (int head = 0; head < stream.shape.kv_heads; ++head) {
          std::copy_n(store.block_box(head, from), store.block_box_bytes(), store.block_box(head, i));
        }
      }
    }
    first += blocks[i].length;
  }
}

void BlockIndex::undo(Stream& stream) noexcept {
  if (document_.cut()) stream.store.set_blocks(undo_cuts(stream.store.blocks(), stream.store.used(), document_.open()));
}

void BlockIndex::enclose_keys(const Stream& stream, std::size_t block, std::int64_t first) noexcept {
  const StreamStore& store = stream.store;
  const int size = stream.shape.key_size;
  const std::int64_t length = store.blocks()[block].length;
  const auto unpack = table_.unpack_kv[static_cast<int>(stream.shape.types.key)];
  float *low = scratch_.keys, *high = low + size, *key = high + size;
  for (int head = 0; head < stream.shape.kv_heads; ++head) {
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
    table_.pack_kv[static_cast<int>(kernels::KvType::f16)](low, 2 * size, store.block_box(head, block));
  }
}

void BlockIndex::renew_boxes(Stream& stream) noexcept {
  if (!stream.store.has_block_boxes()) return;
  std::int64_t first = 0;
  for (std::size_t i = 0; i + 1 < stream.store.blocks().size(); ++i) {
    enclose_keys(stream, i, first);
    first += stream.store.blocks()[i].length;
  }
}

void BlockIndex::learn(const Stream& stream, const TokenSpan& chunk, std::int64_t token,
                       std::span<const float> attention) noexcept {
  const std::span<const std::int64_t> retained = stream.store.index();
  std::int64_t* index = scratch_.index + scratch_.slots - static_cast<std::int64_t>(retained.size());
  std::copy(retained.begin(), retained.end(), index);
  const std::size_t entries = retained.size() + static_cast<std::size_t>(chunk.count);
  if (attention.size() != entries) return;
  document_.learn(chunk.tokens + token, {index, entries}, attention, stream.forced.sinks, {scratch_.scores, entries});
}

}  // namespace brim::kv
