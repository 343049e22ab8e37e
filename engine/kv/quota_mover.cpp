// See quota_mover.hpp.
#include "engine/kv/quota_mover.hpp"

#include <algorithm>

#include "engine/kv/relocate.hpp"
#include "engine/kv/saturate.hpp"

namespace brim::kv {
namespace {

/// The weight of a new observation in the smoothed statistic.
constexpr double kNewShare = 0.3;
/// At most this fraction (1/n) of a quota moves at once.
constexpr std::int64_t kStepDivisor = 10;

}  // namespace

QuotaMover::QuotaMover(const Plan& plan, Streams& streams, Intake& intake, MemoryMap memory, std::int64_t bytes)
    : plan_(plan), streams_(streams), intake_(intake), memory_(memory), bytes_(bytes) {
  if (!plan.quotas_move()) return;
  const std::size_t count = streams.size();
  stores_.resize(count);
  runs_.resize(count);
  measured_.resize(count);
  seen_.resize(count);
  shares_.resize(count);
  wanted_.resize(count);
  slots_.resize(count);
}

void QuotaMover::observe(StreamId stream, double statistic) noexcept {
  if (measured_.empty()) return;
  measured_[index_of(stream)] = statistic;
  observed_ = true;
}

bool QuotaMover::under_pressure() const noexcept {
  for (const Stream& stream : streams_) {
    const std::size_t i = index_of(stream.id);
    const std::int64_t next = std::min(stream.store.used() + plan_.chunk, plan_.layers[i].useful);
    if (next > std::min(stream.store.slots(), wanted_[i])) return true;
  }
  return false;
}

void QuotaMover::end_chunk(const Timeline& timeline) noexcept {
  if (!observed_) return;
  const double weight = observations_++ == 0 ? 1 : kNewShare;
  for (std::size_t i = 0; i < seen_.size(); ++i) seen_[i] += weight * (measured_[i] - seen_[i]);
  plan_.splitter->shares({plan_.layers, bytes_, nullptr, 0, seen_}, shares_);
  share_out(plan_.layers, bytes_, shares_, wanted_);
  for (std::int64_t& wanted : wanted_) wanted -= wanted % kGranuleEntries;
  if (!under_pressure()) return;
  choose_slots();
  move_to_slots(timeline);
}

// Moves from the current slots to slots nearer to wanted_, granule by granule: the stream that lacks most gets one,
// paid from what is left over or by the stream that has the largest surplus.
void QuotaMover::choose_slots() noexcept {
  const bool freely = moved_at_ == 0 && streams_.evicted() == 0;
  std::int64_t left = bytes_;
  for (const Stream& stream : streams_) {
    const std::size_t i = index_of(stream.id);
    const std::int64_t slots = stream.store.slots();
    const std::int64_t step =
        freely ? plan_.max_entries : std::max<std::int64_t>(slots / kStepDivisor, kGranuleEntries);
    slots_[i] = slots;
    wanted_[i] = std::clamp(wanted_[i], slots - step, slots + step);
    left -= slots * plan_.layers[i].entry_bytes;
  }
  const std::size_t count = slots_.size();
  const auto price = [&](std::size_t i) { return kGranuleEntries * plan_.layers[i].entry_bytes; };
  const auto furthest = [&](int direction) {
    std::size_t best = count;
    std::int64_t distance = kGranuleEntries - 1;
    for (std::size_t i = 0; i < count; ++i) {
      const std::int64_t own = direction * (wanted_[i] - slots_[i]);
      if (own <= distance) continue;
      distance = own;
      best = i;
    }
    return best;
  };
  for (std::size_t taker = furthest(1); taker < count; taker = furthest(1)) {
    while (left < price(taker)) {
      const std::size_t giver = furthest(-1);
      if (giver == count) break;
      slots_[giver] -= kGranuleEntries;
      left += price(giver);
    }
    if (left < price(taker)) break;
    slots_[taker] += kGranuleEntries;
    left -= price(taker);
  }
}

void QuotaMover::move_to_slots(const Timeline& timeline) noexcept {
  bool changed = false;
  MemoryMap map = memory_;
  for (Stream& stream : streams_) {
    const std::size_t i = index_of(stream.id);
    changed = changed || slots_[i] != stream.store.slots();
    stream.set_quota(slots_[i], plan_.shape.context);
    intake_.evict_to_quota(stream, timeline);
    stores_[i] = &stream.store;
    runs_[i] = map.layer(stream.shape, plan_.needs, slots_[i]);
  }
  if (!changed) return;
  relocate(stores_, runs_);
  moved_at_ = timeline.tokens;
  streams_.recount();
  streams_.note_peak();
}

void QuotaMover::restore() noexcept {
  if (moved_at_ > 0) {
    for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i] = round_up(plan_.quota[i], kGranuleEntries);
    move_to_slots({});
  }
  observations_ = moved_at_ = 0;
}

void QuotaMover::Layout::next(Stream& stream, std::int64_t slots) noexcept {
  stream.store.settle(map_.layer(stream.shape, mover_.plan_.needs, slots));
  stream.set_quota(slots, mover_.plan_.shape.context);
}

}  // namespace brim::kv
