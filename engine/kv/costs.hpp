// What a shape costs under a set of needs, in bytes: its entries, and what does not depend on them. Belongs to the
// plan. All sums saturate (saturate.hpp).
#pragma once

#include <algorithm>
#include <bit>
#include <vector>

#include "engine/kv/layout.hpp"
#include "engine/kv/saturate.hpp"

namespace brim::kv {

/// The costs of one shape, which outlives this object, with the layers' needs as a split sees them: with checkpoints, an
/// entry of a layer with a window costs what its copies in them cost too.
class Costs {
 public:
  Costs(const Shape& shape, Needs needs, int checkpoints = 0)
      : shape_(shape), needs_(needs), state_bytes_(state_bytes(shape)), checkpoints_(checkpoints) {
    min_copy_ = whole_copy_ = state_bytes_;
    layers_.reserve(shape.layers.size());
    for (const StreamShape& layer : shape.layers) {
      LayerNeed need;
      need.floor = kGranuleEntries;
      need.cap = round_up(useful_entries(layer, shape.context), kGranuleEntries);
      need.useful = need.cap;
      need.entry_bytes = entry_bytes(layer, needs);
      floors_ = plus(floors_, times(need.floor, need.entry_bytes));
      entries_ = plus(entries_, times(need.cap, need.entry_bytes));
      max_slots_ = std::max(max_slots_, need.cap);
      if (in_checkpoints(layer, shape.context, needs)) {
        min_copy_ = plus(min_copy_, times(need.floor, need.entry_bytes));
        whole_copy_ = plus(whole_copy_, times(need.cap, need.entry_bytes));
        need.entry_bytes = times(need.entry_bytes, 1 + checkpoints);
      }
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
  /// that, as many as an eighth of the budget holds, but one where a quarter does, and with states wherever it fits.
  int checkpoints(std::int64_t budget) const {
    if (whole_copy_ == 0) return 0;
    const std::int64_t all = full(), room = (budget - min()) / min_copy_;
    // Where attention decides what is evicted, nothing is ever cut back (Plan::attention_decides).
    if (state_bytes_ == 0 && budget < all && needs_.accumulated_attention()) return 0;
    std::int64_t count = shape_.max_checkpoints;
    if (automatic() && budget >= all) {
      count = 1 + (budget - all) / whole_copy_;
    } else if (automatic()) {
      const bool one = state_bytes_ > 0 || whole_copy_ <= budget / 4;
      count = std::max<std::int64_t>(budget / 8 / whole_copy_, one ? 1 : 0);
    }
    return static_cast<int>(std::min<std::int64_t>({count, room, kMaxCheckpoints}));
  }
  /// The largest budget that can be used.
  std::int64_t max() const { return plus(full(), automatic() ? times(kMaxCheckpoints - 1, whole_copy_) : 0); }
  /// The smallest entries, with their copies in checkpoints.
  std::int64_t floors() const { return plus(floors_, times(checkpoints_, min_copy_ - state_bytes_)); }
  /// No checkpoint: going back processes the text again from its beginning.
  std::int64_t min() const { return plus(floors_, fixed(kGranuleEntries, smallest_chunk(), 0)); }
  /// With the checkpoints that the shape asks for, or one.
  std::int64_t full() const {
    const int kept = automatic() ? 1 : std::min(shape_.max_checkpoints, kMaxCheckpoints);
    const auto whole = [&](int chunk) {
      const std::int64_t copies = times(kept, whole_copy_ - state_bytes_);
      return plus(plus(entries_, copies), fixed(max_slots_, chunk, kept));
    };
    int chunk = largest_chunk();
    while (chunk > smallest_chunk() && staging_bytes(shape_, chunk) > whole(chunk) / 8) chunk /= 2;
    return whole(chunk);
  }
  int chunk(std::int64_t budget) const {
    // What a budget above full() has more is for checkpoints.
    const std::int64_t for_entries = checkpoints_ > 0 ? std::min(budget, full()) : budget;
    int chunk = largest_chunk();
    while (chunk > smallest_chunk() &&
           (staging_bytes(shape_, chunk) > for_entries / 8 || plus(floors(), fixed(kGranuleEntries, chunk)) > budget)) {
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
  // Of all layers without checkpoints; and of a checkpoint at both.
  std::int64_t floors_ = 0, entries_ = 0, min_copy_ = 0, whole_copy_ = 0;
  std::int64_t max_slots_ = kGranuleEntries;  // as in min(), also where no layer has entries
};

}  // namespace brim::kv
