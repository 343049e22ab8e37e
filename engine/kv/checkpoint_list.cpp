// See checkpoint_list.hpp.
#include "engine/kv/checkpoint_list.hpp"

#include <algorithm>

namespace brim::kv {

// There is one: add() has made room.
std::size_t CheckpointList::free_slot() const noexcept {
  for (std::size_t slot = 0;; ++slot) {
    if (std::none_of(kept_.begin(), kept_.end(), [&](const Checkpoint& kept) { return kept.slot == slot; }))
      return slot;
  }
}

std::optional<std::size_t> CheckpointList::add(std::int64_t tokens) noexcept {
  if (max_ == 0 || (!kept_.empty() && kept_.back().tokens == tokens)) return std::nullopt;
  if (kept_.size() == max_) kept_.erase(kept_.begin());
  const std::size_t slot = free_slot();
  kept_.push_back({tokens, slot});
  return slot;
}

std::optional<std::int64_t> CheckpointList::newest(std::int64_t tokens) const noexcept {
  for (auto kept = kept_.rbegin(); kept != kept_.rend(); ++kept) {
    if (kept->tokens <= tokens) return kept->tokens;
  }
  return std::nullopt;
}

std::optional<std::size_t> CheckpointList::slot(std::int64_t tokens) const noexcept {
  for (const Checkpoint& kept : kept_) {
    if (kept.tokens == tokens) return kept.slot;
  }
  return std::nullopt;
}

std::optional<std::size_t> CheckpointList::go_back(std::int64_t tokens) noexcept {
  const std::optional<std::size_t> found = slot(tokens);
  if (found) drop_after(tokens);
  return found;
}

}  // namespace brim::kv
