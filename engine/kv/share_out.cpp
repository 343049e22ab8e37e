// From shares to entries: every layer gets level · share, clamped to what it must and can have, at the highest level that
// the bytes pay for.
#include <algorithm>
#include <cmath>

#include "engine/kv/budget.hpp"
#include "engine/kv/saturate.hpp"

namespace brim::kv {
namespace {

/// One round: the layers that take part get level · share(layer); the others keep what `entries` says.
template <class Takes, class Share>
void fill_to_level(std::span<const LayerNeed> layers, std::int64_t bytes, std::span<std::int64_t> entries, Takes takes,
                   Share share) noexcept {
  const auto given = [&](std::size_t i, double level) {
    const double wanted = std::min(level * share(i), static_cast<double>(layers[i].cap));
    return std::clamp(static_cast<std::int64_t>(wanted), layers[i].floor, layers[i].cap);
  };
  const auto affordable = [&](double level) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      sum = plus(sum, times(takes(i) ? given(i, level) : entries[i], layers[i].entry_bytes));
    }
    return sum <= bytes;
  };
  double high = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (takes(i)) high = std::max(high, (static_cast<double>(layers[i].cap) + 1) / share(i));
  }
  double low = 0;
  if (affordable(high)) {
    low = high;
  } else {
    // Bisect until the numbers are neighbours: entries change at whole numbers only, so the end is found exactly.
    for (double middle = low + (high - low) / 2; middle > low && middle < high; middle = low + (high - low) / 2) {
      (affordable(middle) ? low : high) = middle;
    }
  }
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (takes(i)) entries[i] = given(i, low);
  }
}

/// Shares from a split are computed from measurements: a share that is not a positive number counts as very small.
double usable(double share) { return share > 0 ? std::clamp(share, 1e-9, 1e18) : 1e-9; }

}  // namespace

double SplitCase::average() const {
  double cost = 0;
  for (const LayerNeed& layer : layers) cost += static_cast<double>(layer.entry_bytes);
  return cost > 0 ? static_cast<double>(bytes) / cost : 0;
}

void share_out(std::span<const LayerNeed> layers, std::int64_t bytes, std::span<const double> shares,
               std::span<std::int64_t> entries) noexcept {
  const auto whole = [&](std::size_t i) { return shares[i] == kWhole; };
  for (std::size_t i = 0; i < layers.size(); ++i) entries[i] = layers[i].floor;
  fill_to_level(layers, bytes, entries, whole, [&](std::size_t i) { return static_cast<double>(layers[i].cap); });
  fill_to_level(
      layers, bytes, entries, [&](std::size_t i) { return !whole(i); },
      [&](std::size_t i) { return usable(shares[i]); });
}

}  // namespace brim::kv
