// The same number of entries for every layer. Layers that cannot use as many (a sliding window) take what they can, and
// the others share the rest. The baseline that every other split must beat.
#include <algorithm>

#include "engine/kv/budget.hpp"
#include "engine/kv/saturate.hpp"

namespace brim::kv {
namespace {

class UniformSplit : public Split {
 public:
  std::vector<std::int64_t> split(std::span<const LayerNeed> layers, std::int64_t bytes) const override {
    const auto given = [](const LayerNeed& layer, std::int64_t level) {
      return std::clamp(level, layer.floor, layer.cap);
    };
    const auto cost = [&](std::int64_t level) {
      std::int64_t sum = 0;
      for (const LayerNeed& layer : layers) sum = plus(sum, times(given(layer, level), layer.entry_bytes));
      return sum;
    };
    // The highest level that can be paid for: `low` always can (it is the floors), `high` is where every cap is
    // reached.
    std::int64_t low = 0;
    std::int64_t high = 0;
    for (const LayerNeed& layer : layers) high = std::max(high, layer.cap);
    while (low < high) {
      const std::int64_t middle = low + (high - low + 1) / 2;
      if (cost(middle) <= bytes) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    std::vector<std::int64_t> entries;
    entries.reserve(layers.size());
    for (const LayerNeed& layer : layers) entries.push_back(given(layer, low));
    return entries;
  }
};

}  // namespace

const Split& uniform_split() {
  static const UniformSplit instance;
  return instance;
}

}  // namespace brim::kv
