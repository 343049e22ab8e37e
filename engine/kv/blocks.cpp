// See blocks.hpp.
#include "engine/kv/blocks.hpp"

#include <algorithm>
#include <bit>

namespace brim::kv {

int block_size_for(std::int64_t entries) {
  const auto size = std::clamp<std::int64_t>(entries / kBlocksPerQuota, kSmallestBlockSize, kLargestBlockSize);
  return static_cast<int>(std::bit_floor(static_cast<std::uint64_t>(size)));
}

std::size_t keep_entries(std::span<Block> blocks, std::span<const std::uint32_t> kept) noexcept {
  std::size_t left = 0, next = 0;
  std::int64_t end = 0;
  for (Block block : blocks) {
    end += block.length;
    const std::size_t first = next;
    while (next < kept.size() && kept[next] < end) ++next;
    const auto length = static_cast<std::int32_t>(next - first);
    if (length == 0) continue;
    if (length != block.length) block.from = -1;
    block.length = length;
    blocks[left++] = block;
  }
  return left;
}

std::size_t drop_first_entries(std::span<Block> blocks, std::int64_t count) noexcept {
  if (count == 0) return blocks.size();
  std::size_t left = 0;
  for (Block block : blocks) {
    const std::int64_t dropped = std::min<std::int64_t>(count, block.length);
    count -= dropped;
    if (dropped == block.length) continue;
    if (dropped > 0) block.from = -1;
    block.length -= static_cast<std::int32_t>(dropped);
    blocks[left++] = block;
  }
  return left;
}

std::size_t undo_cuts(std::span<Block> blocks, std::int64_t entries, std::int64_t open) noexcept {
  std::size_t left = 0;
  for (; left < blocks.size() && entries > 0; ++left) {
    Block& block = blocks[left];
    block.length = static_cast<std::int32_t>(std::min<std::int64_t>(block.length, entries));
    entries -= block.length;
  }
  while (left > 1 && blocks[left - 1].start > open) {
    blocks[left - 2].length += blocks[left - 1].length;
    --left;
  }
  if (left > 0) blocks[left - 1].start = std::min(blocks[left - 1].start, open);  // nothing was left of the open block
  return left;
}

std::size_t join_small(std::span<Block> blocks, int size) noexcept {
  if (blocks.size() < 3) return blocks.size();
  std::size_t left = 1;
  for (std::size_t i = 1; i + 1 < blocks.size(); ++i) {
    Block& before = blocks[left - 1];
    const bool joins =
        left > 1 && blocks[i].length < min_block(size) && before.length + blocks[i].length <= joined_block(size);
    if (!joins) {
      blocks[left++] = blocks[i];
      continue;
    }
    before.length += blocks[i].length;
    before.from = -1;
  }
  blocks[left++] = blocks.back();
  return left;
}

}  // namespace brim::kv
