// Semantic blocks (DynSplit-KV, arXiv 2602.03184): neighbouring entries that belong together because a text was cut
// where its meaning lets go — after a paragraph, a sentence, a brace. Where to cut is a matter of the document
// (document.hpp) and the same in all layers; which of a block's entries are left is a matter of each layer, whose list
// of blocks is here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace brim::kv {

/// Neighbouring entries of one layer: how many are left of a block of the document. The last block of a layer is open:
/// the document has not decided yet where it ends.
struct Block {
  std::int64_t start;   ///< place in the whole input of the block's first token, evicted or not
  std::int32_t length;  ///< entries of it that the layer holds
  std::int32_t from;  ///< while a list is worked on: number of the same block in the layer's list; −1: its keys changed
};

/// The numbers below are ours; the paper's digest names a target size and a distance Δ, and no values.
/// C, the tokens that blocks are to have: as many as a quota has room for kBlocksPerQuota of, within these bounds.
inline constexpr int kLargestBlockSize = 64;
inline constexpr int kSmallestBlockSize = 8;
inline constexpr int kBlocksPerQuota = 16;

/// C for a cache of about `entries` entries a layer: a power of two.
int block_size_for(std::int64_t entries);
/// Δ: how far from the ideal end a block may be cut.
constexpr int cut_reach(int size) { return size * 3 / 8; }
/// A block with fewer entries joins the one before it, when something is evicted, if the two are at most
/// joined_block().
constexpr int min_block(int size) { return size / 2; }
constexpr int joined_block(int size) { return size * 2; }
/// A layer has at most entries / min_block + kSpareBlocks blocks (max_blocks): each smaller one follows one that is
/// three times as large, but for the first two, the open one and those the open one was cut into since the last
/// eviction.
inline constexpr int kSpareBlocks = 6;
constexpr std::int64_t max_blocks(std::int64_t entries, int size) {
  return entries / min_block(size) + kSpareBlocks;
}

/// Takes what is not in `kept` (entry numbers, ascending) out of the blocks, which cover entries 0, 1, …; blocks with
/// nothing left vanish. Returns how many blocks are left.
std::size_t keep_entries(std::span<Block> blocks, std::span<const std::uint32_t> kept) noexcept;
/// Takes the first `count` entries out.
std::size_t drop_first_entries(std::span<Block> blocks, std::int64_t count) noexcept;
/// Takes entries off the end until `entries` are left, and makes one open block of what begins at or after `open`, with
/// the block that reaches it: how the list was before later cuts were made.
std::size_t undo_cuts(std::span<Block> blocks, std::int64_t entries, std::int64_t open) noexcept;
/// Lets small blocks join the one before them; but none joins the first, which has the sinks and a gap behind it, and
/// the last stays by itself.
std::size_t join_small(std::span<Block> blocks, int size) noexcept;

}  // namespace brim::kv
