// Which entries belong together: keeps each stream's list of semantic blocks in step with its entries and with the
// document's cuts, and the box around each block's keys in step with both. Without blocks nothing here has any effect.
//
// A box is computed when a block is cut off, and again when the block loses entries or its keys are rotated. The open
// block has none, because it is always read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/kv/blocks.hpp"
#include "engine/kv/document.hpp"
#include "engine/kv/layout.hpp"
#include "engine/kv/plan.hpp"
#include "engine/kv/streams.hpp"
#include "engine/kv/timeline.hpp"
#include "kernels/table.hpp"

namespace brim::kv {

/// One for all streams of a sequence. Borrows the table and the scratch; allocates nothing.
class BlockIndex {
 public:
  /// `delimiters`: a byte for each token id (document.hpp), which outlives this, as do the plan and the scratch.
  BlockIndex(const Plan& plan, const Scratch& scratch, const kernels::Table& table,
             std::span<const std::uint8_t> delimiters) noexcept;

  Document& document() { return document_; }
  const Document& document() const { return document_; }

  /// Before entries up to token `end` of the text are taken in: decides cuts that evictions need.
  void begin_chunk(std::int64_t end) noexcept;
  /// After the chunk that ends there: learns from its queries, and where nothing is evicted, cuts the streams' blocks.
  void end_chunk(std::int64_t end, Streams& streams) noexcept;

  /// Writes the blocks of the stream's entries, and of the chunk's if there is one, to the scratch: `from` says which
  /// ones still have their boxes. The chunk belongs to the open block, except for what is cut off now.
  std::span<Block> list(const Stream& stream, const TokenSpan& chunk) noexcept;
  /// The same without the entries below `first`.
  std::span<Block> list_from(const Stream& stream, const TokenSpan& chunk, std::int64_t first) noexcept;
  /// What is left of a list when only the entries in `kept` (ascending) are kept: small blocks join their neighbours.
  std::span<Block> keep(std::span<Block> blocks, std::span<const std::uint32_t> kept) const noexcept;
  /// Called after the stream's entries are what the list says.
  void store(Stream& stream, std::span<const Block> blocks) noexcept;
  /// Called after the stream has lost its newest entries.
  void undo(Stream& stream) noexcept;
  /// Called after the stream's keys were rotated.
  void renew_boxes(Stream& stream) noexcept;

  /// Learns delimiters from the attention that the stream's entries and the chunk's received from the chunk's token
  /// number `token`, which Document::observes().
  void learn(const Stream& stream, const TokenSpan& chunk, std::int64_t token,
             std::span<const float> attention) noexcept;

 private:
  void cut_open_block(const Stream& stream, const TokenSpan& chunk, std::size_t& count) noexcept;
  void cut(Stream& stream, std::int64_t end) noexcept;
  void enclose_keys(const Stream& stream, std::size_t block, std::int64_t first) noexcept;

  const Scratch& scratch_;
  const kernels::Table& table_;
  bool evicts_;        ///< the plan has less than the whole cache: blocks are needed before entries are taken in
  Document document_;  ///< has no effect where blocks are not requested
};

}  // namespace brim::kv
