// How a chunk's entries get into a stream: they are staged behind the stream's entries, attention sees them there, and
// then they are taken in, which may evict others. The rule (scorer.hpp) only scores; entries are moved only here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/kv/block_index.hpp"
#include "engine/kv/drafts.hpp"
#include "engine/kv/layout.hpp"
#include "engine/kv/looks.hpp"
#include "engine/kv/plan.hpp"
#include "engine/kv/staging.hpp"
#include "engine/kv/streams.hpp"
#include "engine/kv/timeline.hpp"
#include "engine/kv/view.hpp"
#include "kernels/table.hpp"

namespace brim::kv {

/// One for all streams of a sequence, which take turns. Borrows everything; allocates nothing.
class Intake {
 public:
  Intake(const Plan& plan, const kernels::Table& table, const Scratch& scratch, Staging staging, Streams& streams,
         BlockIndex& blocks, const Looks& looks) noexcept
      : plan_(plan),
        table_(table),
        scratch_(scratch),
        staging_(staging),
        streams_(streams),
        blocks_(blocks),
        looks_(looks) {}

  /// The chunk whose entries the other functions work on.
  void begin(const TokenSpan& chunk) noexcept;
  /// Packs the chunk's keys (already rotated) and values.
  void stage(Stream& stream, const TokenRows& rows, const TokenSpan& chunk, StagingPlace place) noexcept;
  /// Keeps what the other streams' chunks would overwrite of this one's: only for streams that are held, and whose
  /// tokens are certain.
  void hold(const Stream& stream, const TokenSpan& chunk) noexcept;
  /// The chunk's entries, which were staged and held before, are the staged ones again. `held`: whether they were given
  /// to hold(); otherwise they have received no attention.
  void show(const Stream& stream, const TokenSpan& chunk, StagingPlace place, bool held) noexcept;
  /// The stream's entries, and behind them the staged ones of `chunk`.
  View view(const Stream& stream, const TokenSpan& chunk) const noexcept {
    return {stream.store, staging_, chunk.count, staged_positions(stream, chunk)};
  }
  /// The stream's entries alone.
  View view(const Stream& stream) const noexcept { return {stream.store, staging_, 0, stream.store.positions()}; }
  /// Adds the attention received from `queries` queries to every entry of the view. Needs::attention_kept says how much
  /// of the earlier attention each entry keeps.
  void add_attention(Stream& stream, std::span<const float> accumulated, std::int64_t queries) noexcept;
  /// Takes in the chunk's staged entries: entries that slid out of the window are removed, and others are evicted where
  /// the quota is full.
  void take_in(Stream& stream, const TokenSpan& chunk) noexcept;
  /// The same for one draft, which was staged in a chunk of several.
  void take_in_draft(Stream& stream, const TokenSpan& draft, StagingPlace place) noexcept;

  /// Outside a chunk: evicts until at most `keep` entries are left, which is not below those that are kept whatever their
  /// score.
  void evict_to(Stream& stream, std::int64_t keep, const Timeline& timeline) noexcept;
  /// Outside a chunk: evicts what the quota has no room for.
  void evict_to_quota(Stream& stream, const Timeline& timeline) noexcept { evict_to(stream, stream.quota, timeline); }
  /// Outside a chunk: evicts the oldest entries behind the sinks until `keep` are left.
  void drop_after_sinks(Stream& stream, std::int64_t keep) noexcept;
  /// Before a rebase to positions that end at `end`: evicts the entries behind the sinks that would have to move although
  /// their keys were packed again kMaxRepacked times, except the newest one.
  void drop_worn(Stream& stream, std::int64_t end) noexcept;

 private:
  std::span<const std::int64_t> staged_positions(const Stream& stream, const TokenSpan& chunk) const noexcept;
  void place_positions(const StreamStore& store, std::int64_t count) noexcept;
  /// Whether the memory has written the measures of the chunk's entries before they are staged.
  bool measured_before(const Stream& stream) const noexcept {
    return plan_.compares_keys(stream.id) || plan_.scores_entries(stream.id);
  }
  void fill_measures(const Stream& stream, const TokenRows& rows, std::int64_t count) noexcept;
  void append(Stream& stream, const TokenSpan& chunk, std::int64_t token) noexcept;
  void score(const Stream& stream, const Entries& entries, std::span<float> scores) const noexcept;
  void keep_only(Stream& stream, std::span<const std::uint32_t> kept) noexcept;
  void evict(Stream& stream, const TokenSpan& chunk, std::int64_t first, std::int64_t keep) noexcept;

  const Plan& plan_;
  const kernels::Table& table_;
  const Scratch& scratch_;
  Staging staging_;
  Streams& streams_;
  BlockIndex& blocks_;
  const Looks& looks_;
};

}  // namespace brim::kv
