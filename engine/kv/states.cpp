// See states.hpp.
#include "engine/kv/states.hpp"

#include <algorithm>
#include <cstring>

#include "engine/base/sentence.hpp"

namespace brim::kv {

States::States(const Plan& plan, MemoryMap& map)
    : live_(map.states(plan.shape, 1)),
      slots_(map.states(plan.shape, plan.checkpoints + (plan.shape.drafts ? 1 : 0))),
      kept_(static_cast<std::size_t>(plan.checkpoints)),
      for_drafts_(plan.shape.drafts) {
  std::size_t offset = 0;
  for (const StateShape& state : plan.shape.states) {
    places_.push_back({state.layer, offset, static_cast<std::size_t>(state.bytes)});
    offset += static_cast<std::size_t>(padded_state_bytes(state));
  }
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
  before_drafts_.reset();
}

std::optional<std::size_t> States::keep(std::int64_t tokens) noexcept {
  const std::optional<std::size_t> free = kept_.add(tokens);
  if (free && any()) std::memcpy(slot(*free).data(), live_.data(), live_.size());
  return free;
}

void States::keep_for_drafts(std::int64_t tokens) noexcept {
  if (!any() || !for_drafts_) return;
  std::memcpy(slot(kept_.max()).data(), live_.data(), live_.size());
  before_drafts_ = tokens;
}

std::optional<std::int64_t> States::newest(std::int64_t tokens) const noexcept {
  const std::optional<std::int64_t> kept = kept_.newest(tokens);
  if (!before_drafts_ || *before_drafts_ > tokens) return kept;
  return std::max(kept.value_or(0), *before_drafts_);
}

bool States::go_back(std::int64_t tokens) noexcept {
  std::optional<std::size_t> found = kept_.go_back(tokens);
  if (!found && before_drafts_ == tokens) {
    found = kept_.max();
    kept_.drop_after(tokens);
  }
  if (!any()) kept_.drop_after(tokens);
  if (!found) return false;
  if (before_drafts_ && *before_drafts_ > tokens) before_drafts_.reset();
  if (any()) std::memcpy(live_.data(), slot(*found).data(), live_.size());
  return true;
}

void States::save(StateWriter& state) const {
  if (any()) state.piece(live_);
  if (!any() && kept_.max() == 0) return;
  state.number(static_cast<std::int64_t>(kept_.size()));
  for (const Checkpoint& kept : kept_) {
    state.number(kept.tokens);
    if (any()) state.piece(slot(kept.slot));
  }
}

Status States::restore(StateReader& state, std::int64_t tokens) {
  state.at("states of layers");
  if (any()) BRIM_TRY(state.piece("states", live_));
  if (!any() && kept_.max() == 0) return {};
  std::size_t count = 0;
  BRIM_TRY(state.number("checkpoints", 0, static_cast<std::int64_t>(kept_.max()), count));
  std::int64_t min = 0;
  for (; count > 0; --count) {
    std::int64_t place = 0;
    BRIM_TRY(state.number("tokens of a checkpoint", min, tokens, place));
    const std::span<std::byte> copy = slot(*kept_.add(place));
    if (any()) BRIM_TRY(state.piece("a checkpoint", copy));
    min = place + 1;
  }
  return {};
}

}  // namespace brim::kv
