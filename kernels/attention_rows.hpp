// What the parts of an attention call hand to each other, and the parts that do not depend on how scores are computed:
// plain data, so that a set that only multiplies keys in another way takes all other functions from the set below it
// (avx512_vnni from avx512, neon_dotprod from neon) instead of compiling them again. shared/attention_rows.ipp says how
// they work.
#pragma once

#include "kernels/attention.hpp"

namespace brim::kernels {

/// The max number of rows that are processed at a time.
inline constexpr int kAttentionTile = 6;

/// One block of a call's entries.
struct AttentionBlock {
  std::int64_t index;  ///< of column 0
  int first;           ///< the columns [first, end) hold entries of the call
  int end;
  std::int64_t row;  ///< the rows [row, row_end) see some of them
  std::int64_t row_end;
  bool seen_by_all;  ///< these rows see all of them
};

/// Columns [first, end) of a block.
struct AttentionColumns {
  int first;
  int end;
};

/// Where a block's entries are: the key of column e is keys + e · key_stride. Columns outside the block's are readable
/// too.
struct PackedEntries {
  const std::byte* keys;
  const std::byte* values;
  std::size_t key_stride;
  std::size_t value_stride;
};

/// Where the entries behind a block lie, in up to two pieces: used for prefetching only. The first piece has this many
/// bytes of keys and of values; the second piece continues behind them.
struct EntriesAhead {
  const std::byte* keys[2];
  const std::byte* values[2];
  std::ptrdiff_t key_bytes;
  std::ptrdiff_t value_bytes;
};

/// A call and its scratch, cut into its parts.
struct AttentionScratch {
  const Attend& call;
  int value_stride = 0;             ///< value_size rounded up to whole vectors
  int query_floats = 0;             ///< from one row's query to the next one's
  float* queries = nullptr;         ///< [row][query_floats], scaled, and rotated as the keys are
  float* keys = nullptr;            ///< [key_size][kAttentionBlock], transposed
  float* values = nullptr;          ///< [kAttentionBlock][value_stride], or levels (attention_level_values.ipp)
  std::byte* transposed = nullptr;  ///< a transposed block in any storage type
  std::byte* copied = nullptr;      ///< a block's keys and values, packed, if they are not contiguous
  float* weights = nullptr;         ///< [kAttentionTile][kAttentionBlock] of a tile: scores, then their exponentials
  float* out = nullptr;             ///< [row][value_stride], rotated as the values are
  float* sums = nullptr;            ///< [row][floats of a vector]: a sum for each lane
  float* largest = nullptr;         ///< [row]
};

/// What is done with a block's values of one storage type.
struct AttentionValueKernels {
  /// Prepares the values of a block in scratch.
  using Spread = void (*)(const AttentionScratch&, const AttentionBlock&, const PackedEntries&,
                          const EntriesAhead&) noexcept;
  /// Adds the values of the columns that are seen, each multiplied by its weight, to the rows from `row` on, as many as
  /// the place in the array says, plus 1; factors[r] rescales the previous sums.
  using Add = void (*)(const AttentionScratch&, std::int64_t row, AttentionColumns seen, const PackedEntries&,
                       const EntriesAhead&, const float* factors) noexcept;

  Spread spread;
  Add few[kAttentionTile];       ///< a few rows, without spread where AttentionValueType::as_stored says so
  Add prepared[kAttentionTile];  ///< after spread
};

/// The functions of a set that depend neither on the type of keys nor on how scores are computed.
struct AttentionRowKernels {
  void (*start)(const AttentionScratch&, bool rotated) noexcept;
  void (*finish)(const AttentionScratch&, bool rotated) noexcept;
  /// Replaces the scores of the columns that are seen by their exponentials.
  void (*weigh[kAttentionTile])(const AttentionScratch&, std::int64_t row, AttentionColumns seen,
                                float* factors) noexcept;
  AttentionValueKernels values[kKvTypeCount];
};

}  // namespace brim::kernels
