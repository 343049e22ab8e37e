// See eviction.hpp.
#include "engine/kv/eviction.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/kv/plan.hpp"

namespace brim::kv {

Forced forced_entries(std::int64_t quota, bool slides) {
  return {slides ? 0 : std::min<std::int64_t>(kMaxSinks, quota / 8), std::min<std::int64_t>(32, quota / 4)};
}

std::int64_t entries_to_keep(std::int64_t entries, std::int64_t quota, std::int64_t n) {
  const std::int64_t batch = n < kGranuleEntries ? std::clamp<std::int64_t>(quota / 8, 1, kGranuleEntries) : 1;
  return entries - std::max(entries - quota, batch);
}

void choose_survivors(std::span<const float> scores, Forced forced, std::int64_t keep,
                      std::span<std::uint32_t> order) noexcept {
  const auto entries = static_cast<std::int64_t>(scores.size());
  const auto score = [&](std::uint32_t entry) {
    return std::isnan(scores[entry]) ? -std::numeric_limits<float>::infinity() : scores[entry];
  };
  // order: sinks, then the candidates with the chosen ones in front, then overwritten by the recent ones.
  const auto begin = order.begin();
  std::iota(begin, begin + (entries - forced.recent), 0u);
  const auto candidates = begin + forced.sinks;
  const auto chosen = begin + (keep - forced.recent);
  const auto end = begin + (entries - forced.recent);
  if (chosen < end) {
    std::nth_element(candidates, chosen, end, [&](std::uint32_t a, std::uint32_t b) {
      return score(a) != score(b) ? score(a) > score(b) : a > b;
    });
    std::sort(candidates, chosen);
  }
  std::iota(chosen, begin + keep, static_cast<std::uint32_t>(entries - forced.recent));
}

}  // namespace brim::kv
