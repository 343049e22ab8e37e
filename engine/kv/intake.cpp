// See intake.hpp.
#include "engine/kv/intake.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/kv/rebase.hpp"
#include "engine/kv/scorers/newest_then_measure.hpp"

namespace brim::kv {

void Intake::begin(const TokenSpan& chunk) noexcept {
  std::iota(scratch_.positions + scratch_.slots, scratch_.positions + scratch_.slots + chunk.count, chunk.position);
  std::iota(scratch_.index + scratch_.slots, scratch_.index + scratch_.slots + chunk.count, chunk.tokens);
}

void Intake::stage(Stream& stream, const TokenRows& rows, const TokenSpan& chunk, StagingPlace place) noexcept {
  staging_.select(stream.shape, place.tokens, place.offset);
  staging_.pack(table_, stream.shape, rows, chunk.count);
  place_positions(stream.store, chunk.count);
  if (scratch_.accumulated) std::fill_n(scratch_.accumulated + scratch_.slots, chunk.count, 0.0f);
  if (scratch_.measure) fill_measures(stream, rows, chunk.count);
}

void Intake::hold(const Stream& stream, const TokenSpan& chunk) noexcept {
  float* kept = scratch_.held + stream.held_before * scratch_.held_floats;
  if (scratch_.accumulated) kept = std::copy_n(scratch_.accumulated + scratch_.slots, chunk.count, kept);
  if (scratch_.measure) std::copy_n(scratch_.measure + scratch_.slots, chunk.count, kept);
}

void Intake::show(const Stream& stream, const TokenSpan& chunk, StagingPlace place, bool held) noexcept {
  staging_.select(stream.shape, place.tokens, place.offset);
  place_positions(stream.store, chunk.count);
  const float* kept = scratch_.held + stream.held_before * scratch_.held_floats;
  const auto bring_back = [&](float* scratch) {
    if (scratch == nullptr) return;
    if (held) {
      std::copy_n(kept, chunk.count, scratch + scratch_.slots);
      kept += chunk.count;
    } else {
      std::fill_n(scratch + scratch_.slots, chunk.count, 0.0f);
    }
  };
  bring_back(scratch_.accumulated);
  bring_back(scratch_.measure);
}

void Intake::fill_measures(const Stream& stream, const TokenRows& rows, std::int64_t count) noexcept {
  const StreamShape& shape = stream.shape;
  const EntryMeasure measure = plan_.needs.measure;
  if (measure == EntryMeasure::distinctness || measure == EntryMeasure::learned) {
    // Written when the keys were compared, before they were rotated, or scored; or never, where everything fits.
    if (!measured_before(stream)) std::fill_n(scratch_.measure + scratch_.slots, count, 0.0f);
    return;
  }
  const bool of_keys = plan_.needs.measure == EntryMeasure::key_norm;
  const int size = of_keys ? shape.key_size : shape.value_size;
  for (std::int64_t token = 0; token < count; ++token) {
    const float* x = of_keys ? rows.keys + token * rows.key_stride : rows.values + token * rows.value_stride;
    float sum = 0;
    for (int head = 0; head < shape.kv_heads; ++head, x += size) {
      float norm = 0;
      for (int d = 0; d < size; ++d) norm += of_keys ? x[d] * x[d] : std::abs(x[d]);
      sum += of_keys ? std::sqrt(norm) : norm;
    }
    scratch_.measure[scratch_.slots + token] = sum / static_cast<float>(shape.kv_heads);
  }
}

// The chunk's positions follow the stream's: behind them where the array has room, otherwise in the scratch.
void Intake::place_positions(const StreamStore& store, std::int64_t count) noexcept {
  const std::int64_t* staged = scratch_.positions + scratch_.slots;
  if (store.used() + count <= store.slots()) {
    std::copy(staged, staged + count, store.position_array() + store.used());
  } else {
    std::copy(store.positions().begin(), store.positions().end(), scratch_.positions + scratch_.slots - store.used());
  }
}

std::span<const std::int64_t> Intake::staged_positions(const Stream& stream, const TokenSpan& chunk) const noexcept {
  const std::int64_t used = stream.store.used();
  const bool in_place = used + chunk.count <= stream.store.slots();
  const std::int64_t* first = in_place ? stream.store.position_array() : scratch_.positions + scratch_.slots - used;
  return {first, static_cast<std::size_t>(used + chunk.count)};
}

void Intake::add_attention(Stream& stream, std::span<const float> accumulated, std::int64_t queries) noexcept {
  const auto kept = static_cast<float>(std::pow(plan_.needs.attention_kept, static_cast<double>(queries)));
  const std::span<float> retained = stream.store.accumulated();
  for (std::size_t i = 0; i < retained.size() && i < accumulated.size(); ++i)
    retained[i] = retained[i] * kept + accumulated[i];
  float* staged = scratch_.accumulated + scratch_.slots;
  for (std::size_t i = retained.size(); i < accumulated.size(); ++i) staged[i - retained.size()] += accumulated[i];
}

void Intake::append(Stream& stream, const TokenSpan& chunk, std::int64_t token) noexcept {
  const std::int64_t place = scratch_.slots + token;
  stream.store.append(staging_, chunk.staged_from + token, scratch_.positions[place], scratch_.index[place],
                      scratch_.accumulated ? scratch_.accumulated[place] : 0.0f,
                      scratch_.measure ? scratch_.measure[place] : 0.0f);
}

void Intake::take_in_draft(Stream& stream, const TokenSpan& draft, StagingPlace place) noexcept {
  staging_.select(stream.shape, place.tokens, place.offset);
  place_positions(stream.store, draft.count);
  // These have no influence where drafts are allowed.
  if (scratch_.accumulated) std::fill_n(scratch_.accumulated + scratch_.slots, draft.count, 0.0f);
  if (scratch_.measure && !measured_before(stream)) {
    std::fill_n(scratch_.measure + scratch_.slots, draft.count, 0.0f);
  }
  take_in(stream, draft);
}

void Intake::take_in(Stream& stream, const TokenSpan& chunk) noexcept {
  const std::int64_t before = stream.store.bytes_used();
  const std::int64_t used = stream.store.used();
  const std::int64_t entries = used + chunk.count;

  // Entries older than the window of the last token: no later token will see them. One more than the next token sees is
  // kept, so that taking back the newest token is exact.
  std::int64_t first = 0;
  if (stream.slides) {
    const std::span<const std::int64_t> positions = staged_positions(stream, chunk);
    const std::int64_t oldest = chunk.position + chunk.count - stream.shape.window;
    first = std::lower_bound(positions.begin(), positions.end(), oldest) - positions.begin();
    if (first > 0) stream.slid_to = oldest;
  }

  if (entries - first <= stream.quota) {
    const std::span<Block> blocks = blocks_.list_from(stream, chunk, first);
    stream.store.drop_oldest(std::min(first, used));
    for (std::int64_t token = std::max<std::int64_t>(first - used, 0); token < chunk.count; ++token) {
      append(stream, chunk, token);
    }
    blocks_.store(stream, blocks);
  } else {
    const std::int64_t keep = entries_to_keep(entries - first, stream.quota, chunk.count);
    evict(stream, chunk, first, keep);
    stream.note_evicted(entries - first - keep, chunk.end());
  }
  streams_.recount(before, stream);
  streams_.note_peak();
}

// In a text that is looked at, entries are compared by what looks found, and those that wait for theirs are kept.
void Intake::score(const Stream& stream, const Entries& entries, std::span<float> scores) const noexcept {
  if (!looks_.decide(stream)) return plan_.rule_of(stream.id).score(entries, scores);
  const auto fresh = std::lower_bound(entries.index.begin(), entries.index.end(), looks_.fresh);
  score_newest_then_measure(entries, static_cast<std::size_t>(entries.index.end() - fresh), scores);
}

void Intake::evict(Stream& stream, const TokenSpan& chunk, std::int64_t first, std::int64_t keep) noexcept {
  // The rule sees one sequence: the stream's entries from `first` on, copied in front of the chunk's.
  StreamStore& store = stream.store;
  const std::int64_t used = store.used();
  const auto entries = static_cast<std::size_t>(used + chunk.count - first);
  const std::int64_t place = scratch_.slots - used + first;
  if (first < used) {
    std::copy(store.index().begin() + first, store.index().end(), scratch_.index + place);
    if (scratch_.accumulated)
      std::copy(store.accumulated().begin() + first, store.accumulated().end(), scratch_.accumulated + place);
    if (scratch_.measure) std::copy(store.measure().begin() + first, store.measure().end(), scratch_.measure + place);
  }
  Entries view;
  view.index = {scratch_.index + place, entries};
  if (scratch_.accumulated) view.accumulated = {scratch_.accumulated + place, entries};
  if (scratch_.measure) view.measure = {scratch_.measure + place, entries};
  std::span<Block> blocks = blocks_.list_from(stream, chunk, first);
  view.blocks = blocks;
  view.sinks = stream.forced.sinks;
  view.recent = stream.forced.recent;
  view.quota = stream.quota;
  const std::span<float> scores(scratch_.scores, entries);
  score(stream, view, scores);
  const std::span<const std::uint8_t> repacked = store.repacked();
  for (std::int64_t entry = first; entry < static_cast<std::int64_t>(repacked.size()); ++entry) {
    if (repacked[static_cast<std::size_t>(entry)] < kMaxRepacked) continue;
    scores[static_cast<std::size_t>(entry - first)] = -std::numeric_limits<float>::infinity();
  }

  const std::span<std::uint32_t> order(scratch_.order, entries);
  choose_survivors(scores, stream.forced, keep, order);
  const std::span<std::uint32_t> chosen = order.first(static_cast<std::size_t>(keep));
  blocks = blocks_.keep(blocks, chosen);
  for (std::uint32_t& entry : chosen) entry += static_cast<std::uint32_t>(first);
  const auto staged = std::lower_bound(chosen.begin(), chosen.end(), static_cast<std::uint32_t>(used));
  store.keep(chosen.first(static_cast<std::size_t>(staged - chosen.begin())));
  for (auto entry = staged; entry != chosen.end(); ++entry) {
    append(stream, chunk, static_cast<std::int64_t>(*entry) - used);
  }
  blocks_.store(stream, blocks);
}

void Intake::evict_to(Stream& stream, std::int64_t keep, const Timeline& timeline) noexcept {
  const std::int64_t used = stream.store.used();
  if (used <= keep) return;
  evict(stream, {timeline.tokens, timeline.position, 0, 0}, 0, keep);
  stream.note_evicted(used - keep, timeline.tokens);
}

// Outside a chunk. `kept` may lie in scratch_.order.
void Intake::keep_only(Stream& stream, std::span<const std::uint32_t> kept) noexcept {
  const std::int64_t before = stream.store.bytes_used();
  stream.evicted += stream.store.used() - static_cast<std::int64_t>(kept.size());
  const std::span<Block> blocks = blocks_.keep(blocks_.list(stream, {}), kept);
  stream.store.keep(kept);
  blocks_.store(stream, blocks);
  streams_.recount(before, stream);
}

void Intake::drop_after_sinks(Stream& stream, std::int64_t keep) noexcept {
  const std::int64_t dropped = stream.store.used() - keep;
  const std::int64_t sinks = std::min(stream.forced.sinks, keep);
  std::iota(scratch_.order, scratch_.order + sinks, 0u);
  std::iota(scratch_.order + sinks, scratch_.order + keep, static_cast<std::uint32_t>(sinks + dropped));
  keep_only(stream, {scratch_.order, static_cast<std::size_t>(keep)});
}

void Intake::drop_worn(Stream& stream, std::int64_t end) noexcept {
  const std::span<const std::uint8_t> repacked = stream.store.repacked();
  if (repacked.empty()) return;
  const std::span<const std::int64_t> positions = stream.store.positions();
  const std::int64_t used = stream.store.used(), sinks = unmoved_sinks(stream);
  // New positions are counted from the end, so the newest entry is decided on first; the list fills from its end too. The
  // newest entry is kept in any case: the next token follows it, and positions end with it.
  std::uint32_t* const list_end = scratch_.order + used;
  std::uint32_t* kept = list_end;
  for (std::int64_t entry = used; entry-- > 0;) {
    const auto place = static_cast<std::size_t>(entry);
    const bool moves = positions[place] != end - 1 - (list_end - kept);
    const bool stays = entry < sinks || entry + 1 == used || !moves || repacked[place] < kMaxRepacked;
    if (stays) *--kept = static_cast<std::uint32_t>(entry);
  }
  if (list_end - kept < used) keep_only(stream, {kept, list_end});
}

}  // namespace brim::kv
