// Quotas that move between layers while a text is read: Cache's part for splits that go by a statistic of layers. After a
// chunk every layer's share is worked out anew, and quotas step towards it: freely the first time, while nothing was
// evicted yet, then by at most a tenth at once. Nothing moves before the next chunk might not fit what a layer has or is to
// have: until then quotas do not matter. What is given is never more than what is there, so the budget holds at every moment.
#include <algorithm>

#include "engine/kv/cache.hpp"
#include "engine/kv/relocate.hpp"
#include "engine/kv/saturate.hpp"

namespace brim::kv {
namespace {

/// Of a new observation in the smoothed statistic.
constexpr double kNewShare = 0.3;
/// One part in so many of a quota moves at once.
constexpr std::int64_t kStepParts = 10;

}  // namespace

void Cache::set_quota(std::size_t layer, std::int64_t slots) noexcept {
  Layer& own = layers_[layer];
  own.quota = std::min(slots, useful_entries(plan_.shape.layers[layer], plan_.shape.context));
  own.forced = forced_entries(own.quota, own.slides);
}

void Cache::prepare_moves() {
  const std::size_t count = layers_.size();
  stores_.resize(count);
  runs_.resize(count);
  measured_.resize(count);
  seen_.resize(count);
  shares_.resize(count);
  wanted_.resize(count);
  slots_.resize(count);
}

void Cache::observe(int layer, double statistic) noexcept {
  if (measured_.empty()) return;
  measured_[static_cast<std::size_t>(layer)] = statistic;
  observed_ = true;
}

bool Cache::under_pressure() const noexcept {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const std::int64_t next = std::min(layers_[i].store.used() + plan_.chunk, plan_.layers[i].useful);
    if (next > std::min(layers_[i].store.slots(), wanted_[i])) return true;
  }
  return false;
}

void Cache::rebalance() noexcept {
  const double weight = observations_++ == 0 ? 1 : kNewShare;
  for (std::size_t i = 0; i < seen_.size(); ++i) seen_[i] += weight * (measured_[i] - seen_[i]);
  plan_.splitter->shares({plan_.layers, layer_bytes_, nullptr, 0, seen_}, shares_);
  share_out(plan_.layers, layer_bytes_, shares_, wanted_);
  for (std::int64_t& wanted : wanted_) wanted -= wanted % kGranuleEntries;
  if (!under_pressure()) return;
  choose_slots();
  move_to_slots();
}

// From the slots there are to slots nearer to wanted_, granule by granule: who lacks most gets one, paid from what is left
// over or by who has most too many.
void Cache::choose_slots() noexcept {
  const bool freely = moved_at_ == 0 && evicted() == 0;
  std::int64_t left = layer_bytes_;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const std::int64_t slots = layers_[i].store.slots();
    const std::int64_t step = freely ? plan_.most_entries : std::max<std::int64_t>(slots / kStepParts, kGranuleEntries);
    slots_[i] = slots;
    wanted_[i] = std::clamp(wanted_[i], slots - step, slots + step);
    left -= slots * plan_.layers[i].entry_bytes;
  }
  const auto price = [&](std::size_t i) { return kGranuleEntries * plan_.layers[i].entry_bytes; };
  const auto furthest = [&](int direction) {
    std::size_t best = layers_.size();
    std::int64_t distance = kGranuleEntries - 1;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const std::int64_t own = direction * (wanted_[i] - slots_[i]);
      if (own <= distance) continue;
      distance = own;
      best = i;
    }
    return best;
  };
  for (std::size_t taker = furthest(1); taker < layers_.size(); taker = furthest(1)) {
    while (left < price(taker)) {
      const std::size_t giver = furthest(-1);
      if (giver == layers_.size()) break;
      slots_[giver] -= kGranuleEntries;
      left += price(giver);
    }
    if (left < price(taker)) break;
    slots_[taker] += kGranuleEntries;
    left -= price(taker);
  }
}

void Cache::move_to_slots() noexcept {
  bool changed = false;
  MemoryMap map = layer_memory_;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    Layer& layer = layers_[i];
    changed = changed || slots_[i] != layer.store.slots();
    set_quota(i, slots_[i]);
    const std::int64_t used = layer.store.used();
    if (used > layer.quota) {
      evict(static_cast<int>(i), 0, layer.quota);
      layer.evicted += used - layer.quota;
      layer.evicted_at = tokens_;
    }
    stores_[i] = &layer.store;
    runs_[i] = map.layer(plan_.shape.layers[i], plan_.needs, slots_[i]);
  }
  if (!changed) return;
  relocate(stores_, runs_);
  moved_at_ = tokens_;
  stored_bytes_ = 0;
  for (const Layer& layer : layers_) stored_bytes_ += layer.store.bytes_used();
  peak_ = std::max(peak_, bytes_used());
}

void Cache::restore_quotas() noexcept {
  for (std::size_t i = 0; i < layers_.size(); ++i) slots_[i] = round_up(plan_.quota[i], kGranuleEntries);
  move_to_slots();
}

}  // namespace brim::kv
