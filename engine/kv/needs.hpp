// What a budget split or an eviction rule needs to know. Attention gathers only what one of them requests, so that it
// stays fast when none does.
#pragma once

#include <cstdint>
#include <limits>

namespace brim::kv {

inline constexpr std::int64_t kAllQueries = std::numeric_limits<std::int64_t>::max();
/// The queries that statistics of layers are taken from: the last ones of a chunk.
inline constexpr std::int64_t kStatisticQueries = 32;

/// A number for each entry, computed when the entry is processed and kept with it.
enum class EntryMeasure {
  none,
  key_norm,    ///< ‖k‖₂, mean over KV heads
  value_norm,  ///< ‖v‖₁, mean over KV heads
  /// −cos of the angle between the key before rotation and its head's anchor, mean over KV heads. The anchor is the sum
  /// of the directions of all keys up to and including this one, evicted ones too (distinctness.hpp, anchors.hpp).
  distinctness,
  /// A score computed from attention's input by weights that calibration found (learned_scores.hpp), mean over KV heads.
  /// In streams without such weights it is the distinctness.
  learned,
};

/// A statistic of a whole layer, measured once per chunk, for splits that adapt while tokens are processed.
///
enum class LayerStatistic {
  none,
  minimal_budget,  ///< share of the visible entries that holds 90 % of a head's attention, mean over heads
  output_budget,   ///< share of the visible entries that gives a head's output within 10 %, mean over heads
  dispersion,      ///< how spread the attention is over entries, and how much it changes from query to query
  similarity,      ///< cosine of the residual stream before and after attention, mean over tokens
};

/// Where a text is cut into blocks.
enum class Cutting {
  learned,  ///< at delimiters, weighted by what was learned from attention to this text
  priors,   ///< at delimiters, weighted by their kind alone
  fixed,    ///< everywhere after kFixedBlockSize tokens
};

struct Needs {
  /// For each entry: the attention it received, summed over heads and over this many last queries of every chunk.
  std::int64_t attention_queries = 0;
  /// The factor by which accumulated attention is multiplied with each query that is added: with 1 it adds up forever,
  /// with 0 it holds only the last query.
  float attention_kept = 1.0f;
  EntryMeasure measure = EntryMeasure::none;
  LayerStatistic statistic = LayerStatistic::none;
  /// Whether entries are grouped into semantic blocks (blocks.hpp).
  bool blocks = false;
  Cutting cutting = Cutting::learned;
  /// Set by the plan: the target number of tokens per block for this budget; 0 without blocks.
  int block_size = 0;
  /// Set by the plan: whether each block has the box around its keys, for reading the cache sparsely.
  bool block_boxes = false;

  constexpr bool accumulated_attention() const { return attention_queries > 0; }
};

}  // namespace brim::kv
