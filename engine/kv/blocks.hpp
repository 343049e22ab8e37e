// Semantic blocks (DynSplit-KV, arXiv 2602.03184): neighbouring entries that belong together because the text was cut
// at the ends of units of meaning: after a paragraph, a sentence, a brace. Where to cut is decided by the document
// (document.hpp), identically for all layers. Which of a block's entries are kept differs from layer to layer; the list
// of a layer's blocks is defined here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace brim::kv {

/// Neighbouring entries of one layer: how many are left of a block of the document. The last block of a layer is open:
/// the document has not decided yet where it ends.
struct Block {
  std::int64_t start;   ///< place in the whole input of the block's first token, evicted or not
  std::int32_t length;  ///< how many of the block's entries the layer holds
  std::int32_t from;  ///< while a list is worked on: number of the same block in the layer's list; −1: its keys changed
};

/// The numbers below are ours; the paper's digest names a target size and a distance Δ, and no values. C, the target
/// number of tokens per block: so many that a quota has room for kBlocksPerQuota blocks, within these bounds.
inline constexpr int kLargestBlockSize = 64;
inline constexpr int kSmallestBlockSize = 8;
inline constexpr int kBlocksPerQuota = 16;

/// The size of blocks that are cut without regard to the text.
inline constexpr int kFixedBlockSize = 32;

/// C for a cache of about `entries` entries per layer: a power of two.
int block_size_for(std::int64_t entries);
/// Δ: how far from the ideal end a block may be cut.
constexpr int cut_reach(int size) { return size * 3 / 8; }
/// The smallest number of tokens of a block.
constexpr int shortest_cut(int size) { return size - cut_reach(size); }
/// Tokens that must be known before the block that begins with the first of them is cut: those up to the last possible
/// end, and its future window, one block size (ours).
constexpr int known_before_cut(int size) { return 2 * size + cut_reach(size) + 1; }
/// Max number of blocks that `tokens` of an open block can become, the last of which may hold newer tokens too.
constexpr std::int64_t max_cuts(std::int64_t tokens, int size) {
  return tokens > 0 ? tokens / shortest_cut(size) + 1 : 0;
}
/// The same for all tokens that an open block can have: 4.
constexpr std::int64_t max_cuts_of_open(int size) { return max_cuts(known_before_cut(size) - 1, size); }
/// When something is evicted, a block with fewer entries joins the block before it, if the two together have at most
/// joined_block() entries.
constexpr int min_block(int size) { return size / 2; }
constexpr int joined_block(int size) { return size * 2; }
/// A layer has at most entries / min_block + kSpareBlocks blocks (max_blocks): each smaller one follows one that is
/// three times as large, except the first two, the open one and those that the open one was cut into since the last
/// eviction (max_cuts_of_open).
inline constexpr int kSpareBlocks = 8;
constexpr std::int64_t max_blocks(std::int64_t entries, int size) { return entries / min_block(size) + kSpareBlocks; }

/// Removes the entries that are not in `kept` (entry numbers, ascending) from the blocks, which cover entries 0, 1, …;
/// blocks with no entries left are removed. Returns how many blocks are left.
std::size_t keep_entries(std::span<Block> blocks, std::span<const std::uint32_t> kept) noexcept;
/// Removes the first `count` entries.
std::size_t drop_first_entries(std::span<Block> blocks, std::int64_t count) noexcept;
/// Removes entries from the end until `entries` are left, and joins everything that begins at or after `open`, and the
/// block that reaches `open`, into one open block: this restores the list as it was before later cuts.
std::size_t undo_cuts(std::span<Block> blocks, std::int64_t entries, std::int64_t open) noexcept;
/// Lets small blocks join the one before them. None joins the first block, because it has the sinks and a gap behind
/// it, and the last block is never joined.
std::size_t join_small(std::span<Block> blocks, int size) noexcept;

}  // namespace brim::kv
