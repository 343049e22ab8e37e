// A chunk of tokens on its way into the memory. However the pass ends, the memory never keeps half of a chunk: a chunk
// that was not ended is abandoned when it goes out of scope.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "engine/kv/ids.hpp"
#include "engine/kv/looks.hpp"
#include "engine/kv/staging.hpp"
#include "engine/kv/view.hpp"

namespace brim::kv {

class Memory;

/// Created by Memory::begin. For each stream, in any order: compare_keys or score where the plan says so; stage, then use view
/// for as long as attention takes, then report what attention measured, and commit; call end() once. The memory outlives
/// it. One thread at a time.
class Chunk {
 public:
  Chunk(Chunk&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)) {}
  Chunk& operator=(Chunk&&) = delete;
  ~Chunk() { abandon(); }

  /// The position of its first token.
  std::int64_t position() const noexcept;
  /// The state of a layer that has one, to be advanced to the end of the chunk.
  std::span<std::byte> state(LayerId layer) noexcept;
  /// The chunk's keys before rotation. For every stream where Plan::compares_keys(stream), which is staged next.
  void compare_keys(StreamId stream, const KeyRows& rows) noexcept;
  /// The learned scores of the chunk's entries. For every stream where Plan::scores_entries(stream), which is staged
  /// next.
  void score(StreamId stream, const ScoreRows& rows) noexcept;
  /// The chunk's keys, already rotated, and values.
  void stage(StreamId stream, const TokenRows& rows) noexcept;
  /// For a later layer that attends to this stream's entries: those that were staged and committed before are visible
  /// again, and view and add_attention work as after stage. Only for streams that are held; commit ends it too.
  void show(StreamId stream) noexcept;
  /// What attention may read: retained entries, oldest first, then, from stage to commit, the chunk's entries.
  View view(StreamId stream) const noexcept;
  /// Adds the attention received from `queries` queries to every entry of the view, in the view's order.
  /// Needs::attention_kept says how much of the earlier attention each entry keeps. Only where
  /// Needs::accumulated_attention() requests it.
  void add_attention(StreamId stream, std::span<const float> accumulated, std::int64_t queries) noexcept;
  /// Whether attention from the chunk's token number `token` is to be passed to learn(), for every stream: it is a token
  /// of a prompt that reads everything (the caller knows), and Plan::learns_delimiters().
  bool observes(std::int64_t token) const noexcept;
  /// The attention of that token's queries to every entry of the view, in the view's order, added up over heads. What it
  /// teaches about delimiters takes effect when the chunk ends.
  void learn(StreamId stream, std::int64_t token, std::span<const float> attention) noexcept;
  /// The statistic of this stream that Needs::statistic requests, measured in this chunk. Only in chunks of at least
  /// kStatisticQueries tokens, and then for every stream. It takes effect when the chunk ends; ignored where quotas do
  /// not move.
  void observe(StreamId stream, double statistic) noexcept;
  /// What a chunk that began as a look scores in this stream; and those scores, LookedAt::count of them, which decide in
  /// place of the rule's from now on where looks decide (looks.hpp). Call between stage and commit.
  LookedAt looked_at(StreamId stream) const noexcept;
  void keep_look(StreamId stream, const ScoreRows& rows) noexcept;
  /// Scores, evicts down to the quota, and moves the kept entries into the stream; drafts, and streams that are held,
  /// wait for end().
  void commit(StreamId stream) noexcept;
  /// The tokens are now part of the past; of drafts only the first is, and of a look none. Quotas may move between streams.
  void end() noexcept;
  /// Abandons the chunk. Entries that committed streams took from it are removed again. Where a stream had to evict
  /// older entries for them, those cannot be restored: then the memory is stale, as it is where a layer's state was
  /// changed. Does nothing after end().
  void abandon() noexcept;

 private:
  friend class Memory;
  explicit Chunk(Memory& memory) noexcept : memory_(&memory) {}

  Memory* memory_;  // null: ended, abandoned or moved from
};

}  // namespace brim::kv
