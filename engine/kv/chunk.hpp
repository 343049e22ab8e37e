// A chunk of tokens on its way into the memory. Whatever ends the pass early, the memory is not left with half of it: a
// chunk that was not ended is abandoned when it goes out of scope.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "engine/kv/ids.hpp"
#include "engine/kv/staging.hpp"
#include "engine/kv/view.hpp"

namespace brim::kv {

class Memory;

/// Made by Memory::begin. For each stream, in any order: stage, then view for as long as attention takes, what
/// attention measured, and commit; end() once. The memory outlives it. One thread at a time.
class Chunk {
 public:
  Chunk(Chunk&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)) {}
  Chunk& operator=(Chunk&&) = delete;
  ~Chunk() { abandon(); }

  /// The position of its first token.
  std::int64_t position() const noexcept;
  /// The state of a layer that has one, to be brought up to the end of the chunk.
  std::span<std::byte> state(LayerId layer) noexcept;
  /// The chunk's keys, already rotated, and values.
  void stage(StreamId stream, const TokenRows& rows) noexcept;
  /// What attention may read: retained entries, oldest first, then, from stage to commit, the chunk's.
  View view(StreamId stream) const noexcept;
  /// Adds the attention received from `queries` queries to every entry of the view, in its order. What the entries had
  /// is kept as Needs::attention_kept says. Only where Needs::accumulated_attention() asks for it.
  void add_attention(StreamId stream, std::span<const float> accumulated, std::int64_t queries) noexcept;
  /// The statistic of this stream that Needs::statistic asks for, measured in this chunk. Only in chunks of at least
  /// kStatisticQueries tokens, and then for every stream. Counts when the chunk ends; ignored where quotas stay.
  void observe(StreamId stream, double statistic) noexcept;
  /// Scores, evicts down to the quota, and moves what stays into the stream; drafts wait for end().
  void commit(StreamId stream) noexcept;
  /// The tokens are part of the past now; of drafts the first is. Quotas may move between streams.
  void end() noexcept;
  /// Gives the chunk up. Entries that committed streams took from it are taken back. Where a stream had to evict older
  /// ones for them that cannot be: the memory is stale then, as it is where a layer's state was changed. Nothing happens
  /// after end().
  void abandon() noexcept;

 private:
  friend class Memory;
  explicit Chunk(Memory& memory) noexcept : memory_(&memory) {}

  Memory* memory_;  // null: ended, abandoned or moved from
};

}  // namespace brim::kv
