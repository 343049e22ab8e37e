// What a budget split or an eviction rule wants to know. Attention gathers only what somebody asks for, so that it
// stays fast when nobody does.
#pragma once

#include <cstdint>
#include <limits>

namespace brim::kv {

inline constexpr std::int64_t kAllQueries = std::numeric_limits<std::int64_t>::max();
/// The queries that statistics of layers are taken from: the last ones of a chunk.
inline constexpr std::int64_t kStatisticQueries = 32;

/// A size of each entry's key or value, known when it is read and kept beside it.
enum class EntryNorm {
  none,
  key,    ///< ‖k‖₂, mean over KV heads
  value,  ///< ‖v‖₁, mean over KV heads
};

/// Something about a whole layer, measured once a chunk: what splits that learn while reading go by.
enum class LayerStatistic {
  none,
  minimal_budget,  ///< share of the visible entries that holds 90 % of a head's attention, mean over heads
  output_budget,   ///< share of the visible entries that gives a head's output within 10 %, mean over heads
  dispersion,      ///< how spread the attention is over entries, and how much it changes from query to query
  similarity,      ///< cosine of the residual stream before and after attention, mean over tokens
};

struct Needs {
  /// For each entry: the attention it received, summed over heads and over this many last queries of every chunk.
  std::int64_t attention_queries = 0;
  /// What a accumulated attention keeps of itself with each query that is added: 1 adds up for ever, 0 knows the last query only.
  float attention_kept = 1.0f;
  EntryNorm norm = EntryNorm::none;
  LayerStatistic statistic = LayerStatistic::none;
  /// Whether entries are grouped into semantic blocks (blocks.hpp).
  bool blocks = false;
  /// The plan's part: tokens a block is to have, for this budget; 0 without blocks.
  int block_size = 0;
  /// The plan's part: whether each block has the box around its keys beside it, for reading the cache sparsely.
  bool block_boxes = false;

  constexpr bool accumulated_attention() const { return attention_queries > 0; }
};

}  // namespace brim::kv
