// See drafts.hpp.
#include "engine/kv/drafts.hpp"

#include <algorithm>

#include "engine/kv/layout.hpp"

namespace brim::kv {

Drafts::Drafts(const Plan& plan) noexcept
    : plan_(plan), range_bytes_(staging_range_bytes(plan.shape, plan.chunk)), max_tokens_(draft_tokens(plan)) {}

StagingPlace Drafts::place(StreamId stream) const noexcept {
  if (count_ == 0) return {plan_.chunk, staging_place(plan_.shape, plan_.chunk, stream)};
  return {count_, measure_place(stream, count_)};
}

std::int64_t Drafts::measure_place(StreamId stream, std::int64_t token) const noexcept {
  return static_cast<std::int64_t>(index_of(stream)) * range_bytes_ + token * draft_measure_bytes(plan_, stream);
}

std::int64_t Drafts::room(const Streams& streams, std::int64_t position) const noexcept {
  if (plan_.metadata_decides() || plan_.reading.sparse) return 1;
  std::int64_t room = std::min(max_tokens_, plan_.shape.context - position);
  for (const Stream& stream : streams) {
    const std::int64_t window = stream.shape.window;
    if (stream.slides) room = std::min(room, gap_in_front(stream, position) + window - position + 1);
    if (stream.slides && stream.quota >= window) continue;          // holds any window completely, never evicts
    room = std::min(room, stream.quota - stream.store.used() + 1);  // the last token may be one too many
  }
  return std::max<std::int64_t>(room, 1);
}

// Attention adds up in blocks that are counted from the position of a stream's oldest entry. While neighbouring entries
// slide out one after another, the blocks keep their places; when the last entry before a gap slides out, they move.
// Returns the position of that entry, or `position` when no gap is near.
std::int64_t Drafts::gap_in_front(const Stream& stream, std::int64_t position) const noexcept {
  const std::span<const std::int64_t> positions = stream.store.positions();
  const auto max = static_cast<std::size_t>(max_tokens_);  // one chunk of drafts cannot push more entries out
  for (std::size_t i = 0; i + 1 < positions.size() && i < max; ++i) {
    if (positions[i + 1] - positions[i] > 1) return positions[i];
  }
  return position;
}

}  // namespace brim::kv
