// Which entries belong together: keeps each stream's list of semantic blocks in step with its entries and with the cuts
// the document makes, and the box around each block's keys in step with them. Without blocks all of it does nothing.
//
// A box is made when a block is cut off, and again when it loses entries or its keys are rotated; the open block has
// none, since it is always read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/kv/blocks.hpp"
#include "engine/kv/document.hpp"
#include "engine/kv/layout.hpp"
#include "engine/kv/streams.hpp"
#include "engine/kv/timeline.hpp"
#include "kernels/table.hpp"

namespace brim::kv {

/// One for all streams of a sequence. Borrows the table and the scratch; allocates nothing.
class BlockIndex {
 public:
  /// `delimiters`: a byte for each token id (document.hpp), which outlives this.
  BlockIndex(const Needs& needs, const Scratch& scratch, const kernels::Table& table,
             std::span<const std::uint8_t> delimiters) noexcept;

  Document& document() { return document_; }
  const Document& document() const { return document_; }

  /// The blocks of the stream's entries and of the chunk's, if there is one, in the scratch: `from` says which have
  /// their boxes still. The chunk belongs to the open block, but for what is cut off now.
  std::span<Block> list(const Stream& stream, const TokenSpan& chunk) noexcept;
  /// The same without the entries below `first`.
  std::span<Block> list_from(const Stream& stream, const TokenSpan& chunk, std::int64_t first) noexcept;
  /// What is left of a list when only the entries in `kept` (ascending) are: small blocks join their neighbours.
  std::span<Block> keep(std::span<Block> blocks, std::span<const std::uint32_t> kept) const noexcept;
  /// After the stream's entries are what the list says.
  void store(Stream& stream, std::span<const Block> blocks) noexcept;
  /// After the stream has lost its newest entries.
  void undo(Stream& stream) noexcept;
  /// After the stream's keys were rotated.
  void renew_boxes(Stream& stream) noexcept;

  /// Learns delimiters from the attention that the stream's entries and the chunk's received from its last `queries`
  /// queries. `share`: of the streams, one.
  void learn(const Stream& stream, const TokenSpan& chunk, std::span<const float> attention, std::int64_t queries,
             float share) noexcept;

 private:
  void cut_open_block(const Stream& stream, const TokenSpan& chunk, std::size_t& count) noexcept;
  void enclose_keys(const Stream& stream, std::size_t block, std::int64_t first) noexcept;

  const Scratch& scratch_;
  const kernels::Table& table_;
  Document document_;  ///< does nothing where blocks are not asked for
};

}  // namespace brim::kv
