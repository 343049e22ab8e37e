// Numbers about how a head spreads its attention, for splits that give layers what they need. Pure functions over one
// head's weights; attention_statistics.cpp gathers the weights.
#pragma once

#include <cstdint>
#include <span>

namespace brim::model {

/// The min number of entries whose weights sum to `share` of all weights (MBA of ZigZagKV, arXiv 2412.09036, equation
/// 4); 0 where there is no weight. Weights are ≥ 0. Reorders them; O(n) on average.
std::int64_t min_entries_for(std::span<float> weights, double share) noexcept;

/// −Σ a · log a of the weights divided by their sum; 0 where there is no weight.
double entropy(std::span<const float> weights) noexcept;

/// Σ over entries of the variance over queries: `sums` and `squares` are each entry's Σ a and Σ a² over `queries` queries.
double variance_over_queries(std::span<const float> sums, std::span<const float> squares,
                             std::int64_t queries) noexcept;

}  // namespace brim::model
