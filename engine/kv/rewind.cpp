// Going back in a text: Cache's part for chunks that are given up, answers that are taken back, and beginning anew. What
// cannot be exact is refused, and the caller reads again.
#include <algorithm>

#include "engine/kv/cache.hpp"

namespace brim::kv {

bool Cache::can_return_to(std::int64_t count, std::int64_t position) const noexcept {
  if (moved_at_ > count || !document_.can_go_back(count)) return false;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    if (layer.evicted_at > count) return false;
    // The token at `position` sees the window that ends with it.
    if (layer.slid_to > std::max<std::int64_t>(position - plan_.shape.layers[i].window + 1, 0)) return false;
  }
  return true;
}

void Cache::return_to(std::int64_t count, std::int64_t position) noexcept {
  stored_bytes_ = 0;
  document_.go_back(count);
  for (Layer& layer : layers_) {
    const std::span<const std::int64_t> positions = layer.store.positions();
    const auto first = std::lower_bound(positions.begin(), positions.end(), position);
    layer.store.drop_newest(positions.end() - first);
    if (document_.cut()) {
      layer.store.set_blocks(undo_cuts(layer.store.blocks(), layer.store.used(), document_.open()));
    }
    stored_bytes_ += layer.store.bytes_used();
  }
  tokens_ = count;
  position_ = position;
  drafts_ = accepted_ = 0;
}

void Cache::abandon() noexcept {
  if (chunk_ == 0) return;
  chunk_ = 0;
  staged_layer_ = -1;
  if (drafting_) {  // the layers have taken in nothing
    drafting_ = false;
    drafts_ = 0;
    return;
  }
  if (can_return_to(tokens_, position_) && !(mass_added_ && mass_decides())) {
    return_to(tokens_, position_);
  } else {
    stale_ = true;
  }
}

void Cache::clear() noexcept {
  for (Layer& layer : layers_) {
    layer.store.clear();
    layer.evicted = layer.evicted_at = layer.slid_to = 0;
  }
  document_.clear();
  if (moved_at_ > 0) restore_quotas();
  stored_bytes_ = observations_ = moved_at_ = 0;
  tokens_ = position_ = rebased_ = rebased_at_ = chunk_ = 0;
  drafts_ = accepted_ = 0;
  drafting_ = false;
  staged_layer_ = -1;
  stale_ = false;
}

bool Cache::truncate(std::int64_t count) noexcept {
  if (count < 0 || count > tokens_ || chunk_ != 0) return false;
  if (count == 0) {
    clear();
    return true;
  }
  if (stale_) return false;
  if (count == tokens_) return true;
  const std::int64_t position = position_ - (tokens_ - count);
  if (count < rebased_at_ || !can_return_to(count, position)) return false;
  if (mass_decides()) return false;
  return_to(count, position);
  return true;
}

}  // namespace brim::kv
