// See anchors.hpp.
#include "engine/kv/anchors.hpp"

#include <algorithm>
#include <utility>

#include "engine/base/sentence.hpp"
#include "engine/kv/distinctness.hpp"
#include "engine/kv/layout.hpp"

namespace brim::kv {
namespace {

constexpr std::size_t kKept = kAnchorCopies - 2;

}  // namespace

Anchors::Anchors(const Plan& plan, float* memory) : memory_(memory), kept_(plan.compares_keys() ? kKept : 0) {
  if (!plan.compares_keys()) return;
  for (const StreamId id : ids_up_to<StreamId>(plan.shape.layers.size())) {
    const StreamShape& stream = plan.shape.at(id);
    places_.push_back({floats_, stream.kv_heads, stream.key_size});
    if (!plan.compares_keys(id)) continue;
    floats_ += static_cast<std::size_t>(stream.kv_heads) * static_cast<std::size_t>(stream.key_size);
  }
  clear();
}

std::span<float> Anchors::copy(std::size_t number) const noexcept { return {memory_ + number * floats_, floats_}; }
std::span<float> Anchors::kept(std::size_t slot) const noexcept { return copy(kAnchorCopies - kKept + slot); }

void Anchors::clear() noexcept {
  std::fill_n(memory_, floats_, 0.0f);
  live_ = 0;
  kept_.clear();
  ends_prompt_ = false;
  ahead_.reset();
}

void Anchors::begin_chunk(const TokenSpan& chunk) noexcept {
  chunk_ = chunk;
  const std::int64_t place = chunk.end() - 1;
  ahead_ = std::exchange(ends_prompt_, false) && place > 0 ? kept_.add(place) : std::nullopt;
}

void Anchors::compare(StreamId stream, const KeyRows& rows, float* distinctness) noexcept {
  const Place& place = places_[index_of(stream)];
  const auto size = static_cast<std::size_t>(place.size);
  std::fill_n(distinctness, chunk_.count, 0.0f);
  for (int head = 0; head < place.heads; ++head) {
    const std::size_t offset = place.offset + static_cast<std::size_t>(head) * size;
    const float* key = rows.keys + head * place.size;
    float* anchor = copy(1 - live_).data() + offset;
    std::copy_n(live().data() + offset, size, anchor);
    for (std::int64_t token = 0; token < chunk_.count; ++token, key += rows.stride) {
      if (ahead_ && token + 1 == chunk_.count) std::copy_n(anchor, size, kept(*ahead_).data() + offset);
      distinctness[token] += add_and_compare(key, place.size, anchor);
    }
  }
  for (std::int64_t token = 0; token < chunk_.count; ++token) distinctness[token] /= static_cast<float>(place.heads);
}

void Anchors::end_chunk() noexcept {
  if (!any()) return;
  live_ = 1 - live_;
  ahead_.reset();
}

void Anchors::abandon_chunk() noexcept {
  if (std::exchange(ahead_, std::nullopt)) kept_.drop_newest();
}

void Anchors::keep(std::int64_t tokens) noexcept {
  const std::optional<std::size_t> slot = kept_.add(tokens);
  if (slot) std::copy(live().begin(), live().end(), kept(*slot).begin());
}

void Anchors::go_back(std::int64_t tokens) noexcept {
  const std::optional<std::size_t> slot = kept_.go_back(tokens);
  if (slot) std::copy_n(kept(*slot).begin(), floats_, live().begin());
}

void Anchors::save(StateWriter& state) const {
  if (!any()) return;
  state.piece(std::as_bytes(live()));
  state.number(static_cast<std::int64_t>(kept_.size()));
  for (const Checkpoint& one : kept_) {
    state.number(one.tokens);
    state.piece(std::as_bytes(kept(one.slot)));
  }
}

Status Anchors::restore(StateReader& state, std::int64_t tokens) {
  if (!any()) return {};
  state.at("anchors of keys");
  BRIM_TRY(state.piece("anchors", std::as_writable_bytes(live())));
  std::size_t count = 0;
  BRIM_TRY(state.number("copies", 0, static_cast<std::int64_t>(kept_.max()), count));
  std::int64_t min = 1;
  for (; count > 0; --count) {
    std::int64_t place = 0;
    BRIM_TRY(state.number("tokens of a copy", min, tokens, place));
    BRIM_TRY(state.piece("a copy", std::as_writable_bytes(kept(*kept_.add(place)))));
    min = place + 1;
  }
  return {};
}

}  // namespace brim::kv
