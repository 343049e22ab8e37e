// See states.hpp.
#include "engine/kv/states.hpp"

#include <algorithm>
#include <cstring>

#include "engine/base/sentence.hpp"

namespace brim::kv {

States::States(const Plan& plan, MemoryMap& map)
    : live_(map.states(plan.shape, 1)),
      slots_(map.states(plan.shape, plan.checkpoints)),
      max_checkpoints_(static_cast<std::size_t>(plan.checkpoints)) {
  std::size_t offset = 0;
  for (const StateShape& state : plan.shape.states) {
    places_.push_back({state.layer, offset, static_cast<std::size_t>(state.bytes)});
    offset += static_cast<std::size_t>(padded_state_bytes(state));
  }
  kept_.reserve(max_checkpoints_);
  clear();
}

std::span<std::byte> States::at(LayerId layer) noexcept {
  const auto place = std::lower_bound(places_.begin(), places_.end(), layer,
                                      [](const Place& a, LayerId wanted) { return a.layer < wanted; });
  return live_.subspan(place->offset, place->bytes);
}

void States::clear() noexcept {
  if (!live_.empty()) std::memset(live_.data(), 0, live_.size());
  kept_.clear();
}

// There is one: keep() has made room.
std::size_t States::free_slot() noexcept {
  for (std::size_t slot = 0;; ++slot) {
    if (std::none_of(kept_.begin(), kept_.end(), [&](const Checkpoint& kept) { return kept.slot == slot; }))
      return slot;
  }
}

void States::keep(std::int64_t tokens) noexcept {
  if (max_checkpoints_ == 0 || !any()) return;
  if (!kept_.empty() && kept_.back().tokens == tokens) return;
  if (kept_.size() == max_checkpoints_) kept_.erase(kept_.begin());
  const std::size_t free = free_slot();
  std::memcpy(slot(free).data(), live_.data(), live_.size());
  kept_.push_back({tokens, free});
}

std::optional<std::int64_t> States::newest(std::int64_t tokens) const noexcept {
  for (auto kept = kept_.rbegin(); kept != kept_.rend(); ++kept) {
    if (kept->tokens <= tokens) return kept->tokens;
  }
  return std::nullopt;
}

bool States::go_back(std::int64_t tokens) noexcept {
  const auto found =
      std::find_if(kept_.begin(), kept_.end(), [&](const Checkpoint& kept) { return kept.tokens == tokens; });
  if (found == kept_.end()) return false;
  std::memcpy(live_.data(), slot(found->slot).data(), live_.size());
  kept_.erase(found + 1, kept_.end());
  return true;
}

void States::save(StateWriter& state) const {
  if (!any()) return;
  state.piece(live_);
  state.number(static_cast<std::int64_t>(kept_.size()));
  for (const Checkpoint& kept : kept_) {
    state.number(kept.tokens);
    state.piece(slot(kept.slot));
  }
}

Status States::restore(StateReader& state, std::int64_t tokens) {
  if (!any()) return {};
  state.at("states of layers");
  BRIM_TRY(state.piece("states", live_));
  std::size_t count = 0;
  BRIM_TRY(state.number("checkpoints", 0, static_cast<std::int64_t>(max_checkpoints_), count));
  std::int64_t min = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Checkpoint kept{0, i};
    BRIM_TRY(state.number("tokens of a checkpoint", min, tokens, kept.tokens));
    BRIM_TRY(state.piece("a checkpoint", slot(i)));
    kept_.push_back(kept);
    min = kept.tokens + 1;
  }
  return {};
}

}  // namespace brim::kv
