// Going back in a text: Memory's code for chunks that are abandoned and answers that are taken back. What cannot be
// exact is refused, and the caller processes the text again.
#include <algorithm>

#include "engine/kv/memory.hpp"

namespace brim::kv {

bool Memory::can_return_to(std::int64_t count, std::int64_t position) const noexcept {
  if (quotas_.moved_at() > count || !blocks_.document().can_go_back(count)) return false;
  const bool copied = window_copy(count).has_value();
  for (const Stream& stream : streams_) {
    if (copied && stream.slides) continue;
    if (stream.evicted_at > count) return false;
    // The token at `position` sees the window that ends with it.
    if (stream.slid_to > std::max<std::int64_t>(position - stream.shape.window + 1, 0)) return false;
  }
  return true;
}

void Memory::return_to(std::int64_t count, std::int64_t position) noexcept {
  blocks_.document().go_back(count);
  if (const std::optional<std::size_t> slot = window_copy(count)) windows_.bring_back(*slot, streams_);
  for (Stream& stream : streams_) {
    const std::span<const std::int64_t> positions = stream.store.positions();
    const auto first = std::lower_bound(positions.begin(), positions.end(), position);
    stream.store.drop_newest(positions.end() - first);
    blocks_.undo(stream);
  }
  streams_.recount();
  time_.tokens = count;
  time_.position = position;
  drafts_.clear();
}

// Where a checkpoint of exactly `count` tokens has the entries of streams with a window. Positions of one that was kept
// before the last rebase are those of then.
std::optional<std::size_t> Memory::window_copy(std::int64_t count) const noexcept {
  if (!windows_.any() || count < time_.rebased_at) return std::nullopt;
  return states_.checkpoints().slot(count);
}

// With states, drafts are processed only where going back to before them is exact, as long as some of them wait.
std::int64_t Memory::draft_room() const noexcept {
  if (stale()) return 1;
  if (states_.any()) {
    const auto slides = [](const Stream& stream) { return stream.slides; };
    if (!plan_.shape.drafts || anchors_.any() || plan_.quotas_move() || plan_.needs.blocks) return 1;
    if (std::any_of(streams_.begin(), streams_.end(), slides)) return 1;
  }
  return drafts_.room(streams_, time_.position);
}

void Memory::abandon_chunk() noexcept {
  if (!chunk_) return;  // the memory was cleared
  const OpenChunk chunk = *chunk_;
  chunk_.reset();
  anchors_.abandon_chunk();
  if (chunk.drafting || chunk.looks_at > 0) {
    drafts_.clear();  // the streams have not taken in any entry
  } else if (can_return_to(time_.tokens, time_.position) && !(chunk.attention_added && plan_.attention_decides())) {
    return_to(time_.tokens, time_.position);
  } else {
    streams_stale_ = true;
  }
  if (chunk.states_changed && !states_.go_back(time_.tokens)) states_stale_ = true;
}

bool Memory::can_truncate_entries(std::int64_t count) const noexcept {
  // What an abandoned chunk left in the other streams is behind `count`, or one of these has evicted since.
  if (streams_stale_ && !window_copy(count)) return false;
  if (chunk_ || count < time_.rebased_at || plan_.attention_decides()) return false;
  return can_return_to(count, time_.position - (time_.tokens - count));
}

// The last place up to `count` of which there are copies of everything that cannot be cut back.
std::int64_t Memory::kept_place(std::int64_t count) const noexcept {
  for (;;) {
    std::int64_t place = count;
    if (states_.any()) place = states_.newest(place).value_or(0);
    if (anchors_.any() && place < time_.tokens) place = anchors_.newest(place).value_or(0);
    if (place == count) return place;
    count = place;
  }
}

std::int64_t Memory::return_point(std::int64_t count) const noexcept {
  count = std::min(count, time_.tokens);
  if (count == time_.tokens && !stale()) return count;
  const bool copied = states_.any() || anchors_.any();
  while (count > 0) {
    count = kept_place(count);
    if (count > 0 && can_truncate_entries(count)) return count;
    // What cannot be cut back to `count` cannot be cut back further either, but a checkpoint may be there.
    count = copied ? count - 1 : states_.newest(count - 1).value_or(0);
  }
  return 0;
}

bool Memory::truncate(std::int64_t count) noexcept {
  if (count < 0 || count > time_.tokens || chunk_) return false;
  if (count == 0) {
    clear();
    return true;
  }
  if (count == time_.tokens && !stale()) return true;
  if (!can_truncate_entries(count) || kept_place(count) != count) return false;
  (void)states_.go_back(count);
  anchors_.go_back(count);
  return_to(count, time_.position - (time_.tokens - count));
  streams_stale_ = states_stale_ = false;
  return true;
}

}  // namespace brim::kv
