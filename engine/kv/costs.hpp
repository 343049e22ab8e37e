// What a shape costs under a set of needs, in bytes: its entries, and what does not depend on them. Belongs to the
// plan. All sums saturate (saturate.hpp).
#pragma once

#include <algorithm>
#include <bit>
#include <vector>

#include "engine/kv/layout.hpp"
#include "engine/kv/saturate.hpp"

namespace brim::kv {

/// The costs of one shape, which outlives this object, with the layers' needs as a split sees them.
class Costs {
 public:
  /// `checkpoints`: of the layers' states, where there are any.
  Costs(const Shape& shape, Needs needs, int checkpoints = 0)
      : shape_(shape), needs_(needs), state_bytes_(state_bytes(shape)), checkpoints_(checkpoints) {
    layers_.reserve(shape.layers.size());
    for (const StreamShape& layer : shape.layers) {
      LayerNeed need;
      need.floor = kGranuleEntries;
      need.cap = round_up(useful_entries(layer, shape.context), kGranuleEntries);
      need.useful = need.cap;
      need.entry_bytes = entry_bytes(layer, needs);
      layers_.push_back(need);
    }
  }

  const std::vector<LayerNeed>& layers() const { return layers_; }
  int largest_chunk() const {
    const auto quarter = std::clamp<std::int64_t>(shape_.context / 4, 1, shape_.largest_chunk);
    return static_cast<int>(std::bit_floor(static_cast<std::uint64_t>(quarter)));
  }
  int smallest_chunk() const { return std::min(kSmallestChunk, largest_chunk()); }
  /// Staging, scratch and states: what does not depend on the number of entries kept, except that of the largest layer.
  std::int64_t fixed(std::int64_t slots, int chunk) const { return fixed(slots, chunk, checkpoints_); }
  /// How many checkpoints a budget has room for; the budget is at least min(). As many as the shape asks for, where
  /// they fit. Where it leaves that open: above full() and the one checkpoint in it, the rest holds further ones; below
  /// that, as many as an eighth of the budget holds, but one wherever it fits.
  int checkpoints(std::int64_t budget) const {
    if (state_bytes_ == 0) return 0;
    const std::int64_t all = full(), room = (budget - min()) / state_bytes_;
    std::int64_t count = shape_.max_checkpoints;
    if (automatic())
      count = budget >= all ? 1 + (budget - all) / state_bytes_ : std::max<std::int64_t>(budget / 8 / state_bytes_, 1);
    return static_cast<int>(std::min<std::int64_t>({count, room, kMaxCheckpoints}));
  }
  /// The largest budget that can be used.
  std::int64_t max() const { return plus(full(), automatic() ? times(kMaxCheckpoints - 1, state_bytes_) : 0); }
  std::int64_t floors() const {
    std::int64_t sum = 0;
    for (const LayerNeed& layer : layers_) sum = plus(sum, times(layer.floor, layer.entry_bytes));
    return sum;
  }
  /// No checkpoint: going back processes the text again from its beginning.
  std::int64_t min() const { return plus(floors(), fixed(kGranuleEntries, smallest_chunk(), 0)); }
  /// With the checkpoints that the shape asks for, or one.
  std::int64_t full() const {
    std::int64_t entries = 0;
    std::int64_t slots = kGranuleEntries;  // as in min(), also where no layer has entries
    for (const LayerNeed& layer : layers_) {
      entries = plus(entries, times(layer.cap, layer.entry_bytes));
      slots = std::max(slots, layer.cap);
    }
    int chunk = largest_chunk();
    const int kept = automatic() ? 1 : std::min(shape_.max_checkpoints, kMaxCheckpoints);
    while (chunk > smallest_chunk() && staging_bytes(shape_, chunk) > plus(entries, fixed(slots, chunk, kept)) / 8) {
      chunk /= 2;
    }
    return plus(entries, fixed(slots, chunk, kept));
  }
  int chunk(std::int64_t budget) const {
    int chunk = largest_chunk();
    while (chunk > smallest_chunk() &&
           (staging_bytes(shape_, chunk) > budget / 8 || plus(floors(), fixed(kGranuleEntries, chunk)) > budget)) {
      chunk /= 2;
    }
    return chunk;
  }

 private:
  bool automatic() const { return shape_.max_checkpoints < 0; }
  std::int64_t fixed(std::int64_t slots, int chunk, int checkpoints) const {
    return plus(plus(staging_bytes(shape_, chunk), scratch_bytes(shape_, needs_, slots, chunk)),
                times(1 + (shape_.drafts ? 1 : 0) + checkpoints, state_bytes_));
  }

  const Shape& shape_;
  Needs needs_;
  std::int64_t state_bytes_;
  int checkpoints_;
  std::vector<LayerNeed> layers_;
};

}  // namespace brim::kv
