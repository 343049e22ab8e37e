// See windows.hpp.
#include "engine/kv/windows.hpp"

#include <algorithm>
#include <span>

#include "engine/base/sentence.hpp"
#include "engine/kv/snapshot.hpp"

namespace brim::kv {

Windows::Windows(const Plan& plan, MemoryMap& map) {
  const Shape& shape = plan.shape;
  for (int slot = 0; slot < plan.checkpoints; ++slot) {
    for (const StreamId id : ids_up_to<StreamId>(shape.layers.size())) {
      const StreamShape& own = shape.at(id);
      if (!in_checkpoints(own, shape.context, plan.needs)) continue;
      const std::int64_t quota = plan.quota[index_of(id)];
      copies_.push_back({id, own.kv_heads, quota, shape.context, {own, map.layer(own, plan.needs, quota)}});
    }
  }
  if (plan.checkpoints > 0) streams_ = copies_.size() / static_cast<std::size_t>(plan.checkpoints);
}

void Windows::keep(std::size_t slot, const Streams& streams) noexcept {
  for (Copy& copy : std::span(copies_).subspan(slot * streams_, streams_)) {
    const Stream& stream = streams.at(copy.stream);
    copy.store.copy(stream.store);
    copy.evicted = stream.evicted;
    copy.evicted_at = stream.evicted_at;
    copy.slid_to = stream.slid_to;
  }
}

void Windows::bring_back(std::size_t slot, Streams& streams) const noexcept {
  for (const Copy& copy : std::span(copies_).subspan(slot * streams_, streams_)) {
    Stream& stream = streams.at(copy.stream);
    stream.store.copy(copy.store);
    stream.evicted = copy.evicted;
    stream.evicted_at = copy.evicted_at;
    stream.slid_to = copy.slid_to;
  }
}

void Windows::save(const CheckpointList& kept, StateWriter& state) const {
  for (const Checkpoint& checkpoint : kept) {
    for (const Copy& copy : std::span(copies_).subspan(checkpoint.slot * streams_, streams_)) {
      for (const std::int64_t value : {copy.store.used(), copy.evicted, copy.evicted_at, copy.slid_to}) {
        state.number(value);
      }
      save_entries(copy.store, copy.heads, state);
    }
  }
}

Status Windows::restore(const CheckpointList& kept, const Timeline& time, StateReader& state) {
  for (const Checkpoint& checkpoint : kept) {
    for (Copy& copy : std::span(copies_).subspan(checkpoint.slot * streams_, streams_)) {
      // Of a place before the last rebase, which is never gone back to, positions may be any.
      const bool reached = checkpoint.tokens >= time.rebased_at;
      const std::int64_t end = reached ? time.position - (time.tokens - checkpoint.tokens) : copy.context;
      state.at(sentence("layer ", index_of(copy.stream), " in a checkpoint"));
      std::int64_t used = 0;
      BRIM_TRY(state.number("entries", 0, std::min(copy.quota, end), used));
      BRIM_TRY(state.number("entries evicted", 0, kMaxStateTokens, copy.evicted));
      BRIM_TRY(state.number("tokens when it evicted last", 0, checkpoint.tokens, copy.evicted_at));
      BRIM_TRY(state.number("positions slid over", 0, end, copy.slid_to));
      copy.store.resume(0, used, 0);
      BRIM_TRY(restore_entries(copy.store, copy.heads, {end, checkpoint.tokens}, state));
    }
  }
  return {};
}

}  // namespace brim::kv
