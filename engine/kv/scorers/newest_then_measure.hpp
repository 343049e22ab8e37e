// What rules that keep a measure with each entry have in common: a share of the quota is the newest entries, whatever
// their measure, and the rest those with the highest ones.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>

#include "engine/kv/scorer.hpp"

namespace brim::kv {

/// The score of the `newest` last entries is infinity, that of the others their measure. Without measures, where
/// everything fits, only the age counts.
inline void score_newest_then_measure(const Entries& entries, std::size_t newest, std::span<float> scores) noexcept {
  newest = std::min(newest, scores.size());
  const auto measured = scores.first(std::min(scores.size(), entries.measure.size()));
  std::copy_n(entries.measure.begin(), measured.size(), measured.begin());
  std::fill(scores.begin() + static_cast<std::ptrdiff_t>(measured.size()), scores.end(), 0.0f);
  std::fill(scores.end() - static_cast<std::ptrdiff_t>(newest), scores.end(), std::numeric_limits<float>::infinity());
}

}  // namespace brim::kv
