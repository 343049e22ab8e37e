// See streams.hpp.
#include "engine/kv/streams.hpp"

namespace brim::kv {

Streams::Streams(const Plan& plan, MemoryMap memory, std::int64_t fixed_bytes)
    : fixed_bytes_(fixed_bytes), peak_(fixed_bytes) {
  const Shape& shape = plan.shape;
  streams_.reserve(shape.layers.size());
  std::int64_t held = 0;
  for (const StreamId id : ids_up_to<StreamId>(shape.layers.size())) {
    const StreamShape& own = shape.layers[index_of(id)];
    const std::int64_t quota = plan.quota[index_of(id)];
    streams_.emplace_back(id, shape.place(id).layer, own, shape.context, memory.layer(own, plan.needs, quota));
    streams_.back().set_quota(quota, shape.context);
    streams_.back().held_before = held;
    held += own.held ? 1 : 0;
  }
}

std::int64_t Streams::evicted() const {
  std::int64_t sum = 0;
  for (const Stream& stream : streams_) sum += stream.evicted;
  return sum;
}

void Streams::recount() noexcept {
  stored_bytes_ = 0;
  for (const Stream& stream : streams_) stored_bytes_ += stream.store.bytes_used();
}

void Streams::clear() noexcept {
  for (Stream& stream : streams_) stream.clear();
  stored_bytes_ = 0;
}

}  // namespace brim::kv
