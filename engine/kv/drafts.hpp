// Tokens of a chunk that may still be refused. They lie in the staging buffer, in one range per stream, until each is
// accepted or all are dropped.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/kv/plan.hpp"
#include "engine/kv/streams.hpp"

namespace brim::kv {

/// Where in the staging buffer a stream's range of a chunk lies.
struct StagingPlace {
  std::int64_t tokens;  ///< room for this many tokens
  std::int64_t offset;  ///< in bytes
};

/// Allocates nothing. The plan outlives it.
class Drafts {
 public:
  explicit Drafts(const Plan& plan) noexcept;

  /// From now on a chunk of `count` tokens is staged of which only the first is certain; 0: all of its tokens are
  /// certain.
  void begin(std::int64_t count) noexcept {
    count_ = count;
    accepted_ = 0;
  }
  void clear() noexcept { begin(0); }
  void accept() noexcept { ++accepted_; }

  std::int64_t accepted() const { return accepted_; }
  std::int64_t left() const { return count_ - accepted_; }
  /// Whether a single token can be staged as a draft, which can be dropped in the middle of a pass without leaving
  /// anything behind.
  bool takes_single_token() const { return max_tokens_ > 0 && !plan_.metadata_decides(); }
  /// Where `stream`'s range of the chunk is. While all tokens are certain, streams that are not held use one in turn.
  StagingPlace place(StreamId stream) const noexcept;
  /// Where in the staging buffer, in bytes, that lies which the measures of a chunk of drafts are computed from
  /// (draft_measure_bytes): `token` is the number of the first one that is wanted.
  std::int64_t measure_place(StreamId stream, std::int64_t token) const noexcept;
  /// Max number of tokens that a chunk of drafts may have now, so that each of them sees exactly what it would see
  /// alone: no stream evicts before the last of them or loses the entry before a gap, positions need not be rebased,
  /// and each stream's range of the staging buffer holds them. 1: drafts are not possible now. That is always so where
  /// attention or norms decide about evictions, and where a single token reads sparsely.
  std::int64_t room(const Streams& streams, std::int64_t position) const noexcept;

 private:
  std::int64_t gap_in_front(const Stream& stream, std::int64_t position) const noexcept;

  const Plan& plan_;
  std::int64_t range_bytes_;  ///< of a stream's range of the staging buffer
  std::int64_t max_tokens_;   ///< for which every stream has room in its range
  std::int64_t count_ = 0;    ///< tokens of the last chunk of drafts that lie in staging; 0: none
  std::int64_t accepted_ = 0;
};

}  // namespace brim::kv
