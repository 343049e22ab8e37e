// Which entries of a full layer are kept: how many are always kept, how many are evicted at once, and the choice by
// score. Pure functions over numbers; the memory moves the entries.
#pragma once

#include <cstdint>
#include <span>

namespace brim::kv {

/// Max number of sinks that a stream keeps.
inline constexpr std::int64_t kMaxSinks = 4;
/// Entries that are kept whatever their score, for a quota of q: min(4, q/8) sinks and min(32, q/4) most recent. Layers
/// whose window slides past the beginning keep no sinks.
struct Forced {
  std::int64_t sinks = 0;
  std::int64_t recent = 0;
};
Forced forced_entries(std::int64_t quota, bool slides);

/// How many entries are left of `entries` > quota after a chunk of n tokens. A long chunk fills the quota exactly; a
/// short one (decoding) makes room for a batch, an eighth of the quota and at most a granule, so that not every token
/// pays for an eviction.
std::int64_t entries_to_keep(std::int64_t entries, std::int64_t quota, std::int64_t n);

/// Writes to order[0 … keep) the numbers, ascending, of the kept entries: those that are always kept and then those
/// with the highest scores; ties go to the newer entry, NaN counts as the lowest. forced.sinks + forced.recent ≤ keep ≤
/// scores.size() ≤ order.size(). Allocates nothing; O(entries + keep · log keep).
void choose_survivors(std::span<const float> scores, Forced forced, std::int64_t keep,
                      std::span<std::uint32_t> order) noexcept;

}  // namespace brim::kv
