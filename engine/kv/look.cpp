// Memory's code for texts that are looked at twice (looks.hpp). Room for a piece is created before it is processed, so
// that nothing is evicted while it waits for its look; every step stays within the quotas, and so within the budget.
#include <algorithm>
#include <cmath>

#include "engine/kv/memory.hpp"

namespace brim::kv {

std::size_t Memory::looked_streams(std::int64_t piece) const noexcept {
  if (!(plan_.compares_keys() || plan_.scores_entries()) || states_.any()) return 0;
  const Looks looks{piece, 0};
  return static_cast<std::size_t>(
      std::count_if(streams_.begin(), streams_.end(), [&](const Stream& stream) { return looks.decide(stream); }));
}

std::int64_t Memory::kept(StreamId stream, std::int64_t first, std::int64_t end) const noexcept {
  const std::span<const std::int64_t> index = streams_.at(stream).store.index();
  const auto from = std::lower_bound(index.begin(), index.end(), first);
  return std::lower_bound(from, index.end(), std::max(first, end)) - from;
}

void Memory::begin_looks(std::int64_t piece) noexcept {
  if (!chunk_ && looked_streams(piece) > 0) looks_ = {piece, time_.tokens};
}

void Memory::make_room(std::int64_t n) noexcept {
  if (chunk_ || looks_.piece == 0) return;
  looks_.fresh = time_.tokens;
  for (Stream& stream : streams_) {
    if (!looks_.decide(stream)) continue;
    // What slides out of a window with these tokens needs no other room.
    std::int64_t sliding = 0;
    if (stream.slides) {
      const std::span<const std::int64_t> positions = stream.store.positions();
      const std::int64_t oldest = time_.position + n - stream.shape.window;
      sliding = std::lower_bound(positions.begin(), positions.end(), oldest) - positions.begin();
    }
    intake_.evict_to(stream, stream.quota - n + sliding, time_);
  }
  streams_.recount();
}

Chunk Memory::begin_look(std::int64_t n, std::int64_t tokens) noexcept {
  if (time_.position + n > plan_.shape.context) rebase_all(n);
  chunk_.emplace(OpenChunk{{time_.tokens, time_.position, n, 0}});
  chunk_->looks_at = std::clamp<std::int64_t>(tokens, 1, std::max<std::int64_t>(time_.tokens, 1));
  drafts_.clear();
  intake_.begin(chunk_->tokens);
  return Chunk(*this);
}

LookedAt Memory::looked_at(StreamId stream) const noexcept {
  const Stream& own = streams_.at(stream);
  const std::span<const std::int64_t> index = own.store.index();
  const std::int64_t from = time_.tokens - (chunk_ ? chunk_->looks_at : 0);
  const std::int64_t first = std::lower_bound(index.begin(), index.end(), from) - index.begin();
  return {std::min(own.forced.sinks, first), first, own.store.used() - first};
}

void Memory::keep_look(StreamId stream, const ScoreRows& rows) noexcept {
  Stream& own = streams_.at(stream);
  if (!chunk_ || chunk_->looks_at == 0 || !looks_.decide(own) || own.store.measure().empty()) return;
  const LookedAt range = looked_at(stream);
  const std::span<float> measures = own.store.measure().subspan(static_cast<std::size_t>(range.first));
  write_means(rows, own.shape.kv_heads, range.count, measures.data());
  if (!plan_.scores_entries(stream)) return;
  for (float& measure : measures) measure = std::log(std::max(measure, kMinLookScore));
}

}  // namespace brim::kv
