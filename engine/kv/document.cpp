// See document.hpp.
#include "engine/kv/document.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace brim::kv {
namespace {

/// Queries behind a delimiter belong to its future window when they are at most this many block sizes behind it.
constexpr std::int64_t kFutureBlocks = 1;
constexpr float kNothing = -std::numeric_limits<float>::max();

}  // namespace

Document::Document(const DocumentMemory& memory, const DocumentShape& shape,
                   std::span<const std::uint8_t> classes) noexcept
    : memory_(memory), classes_(classes), shape_(shape), weights_(memory.delimiters, shape.block_size, shape.streams) {
  clear();
}

void Document::clear() noexcept {
  if (!cut()) return;
  fresh_ = written_ = 0;
  cuts_ = 1;
  // Clears everything, because everything is saved: a state that was refused half-way must leave nothing behind.
  std::fill_n(memory_.token_ids, memory_.token_count, -1);
  std::fill_n(memory_.cut_places, memory_.cut_count, 0);
  weights_.clear();
}

void Document::write(std::int64_t first, std::int64_t count, std::span<const std::int32_t> tokens) noexcept {
  if (!cut()) return;
  for (std::int64_t t = 0; t < count; ++t) {
    const bool known = t < static_cast<std::int64_t>(tokens.size());
    memory_.token_ids[(first + t) % memory_.token_count] = known ? tokens[static_cast<std::size_t>(t)] : -1;
  }
  written_ = std::max(written_, first + count);
  expect_observations(first, count);
}

// Which delimiters a query can be observed for follows from the ids alone, so it is the same for all streams.
void Document::expect_observations(std::int64_t first, std::int64_t count) noexcept {
  weights_.drop_expected();
  if (!weights_.any()) return;
  for (std::int64_t query = first + kObservedEvery - 1 - first % kObservedEvery; query < first + count;
       query += kObservedEvery) {
    const std::int64_t end = std::max<std::int64_t>(query - kFutureBlocks * shape_.block_size, 0);
    for (std::int64_t place = query; place > end; --place) {
      const Delimiter kind = delimiter_before(place);
      if (kind != Delimiter::none) weights_.expect(query, key_before(place, kind));
    }
  }
}

std::uint8_t Document::class_of(std::int64_t place) const noexcept {
  if (place < 0) return 0;
  const std::int32_t id = token(place);
  return id >= 0 && static_cast<std::size_t>(id) < classes_.size() ? classes_[static_cast<std::size_t>(id)] : 0;
}

Delimiter Document::delimiter_before(std::int64_t place) const noexcept {
  const auto kind = [&](std::int64_t at) {
    const int value = class_of(at) & ~kBeginsWord;
    return value < kDelimiterCount ? static_cast<Delimiter>(value) : Delimiter::none;
  };
  const Delimiter own = kind(place - 1);
  if (own == Delimiter::line && kind(place - 2) == Delimiter::line) return Delimiter::paragraph;
  if (own == Delimiter::none && (class_of(place) & kBeginsWord) != 0) return Delimiter::space;
  return own;
}

// All spaces are equal; a second newline differs from the first. Never 0.
std::int32_t Document::key_before(std::int64_t place, Delimiter kind) const noexcept {
  if (kind == Delimiter::space) return -1;
  const std::int32_t id = token(place - 1);
  const bool second =
      kind == Delimiter::paragraph && (class_of(place - 1) & ~kBeginsWord) == static_cast<int>(Delimiter::line);
  return second ? -2 - id : id + 1;
}

float Document::weight_before(std::int64_t place) const noexcept {
  const Delimiter kind = delimiter_before(place);
  if (kind == Delimiter::none) return kNothing;
  return kPriorWeights[static_cast<std::size_t>(kind)] + weights_.gain(key_before(place, kind));
}

// e* = argmax over [s_e − Δ, s_e + Δ] of w_e − λ|e − s_e|/Δ, among delimiters; s_e where there are none. Among equals
// the nearest, and among those the first.
std::int64_t Document::choose_cut(std::int64_t start) const noexcept {
  const std::int64_t ideal = start + shape_.block_size;
  if (shape_.cutting == Cutting::fixed) return ideal;
  const int reach = cut_reach(shape_.block_size);
  std::int64_t best = ideal;
  float highest = kNothing;
  for (std::int64_t distance = 0; distance <= reach; ++distance) {
    for (const std::int64_t place : {ideal - distance, ideal + distance}) {
      const float weight = weight_before(place);
      if (weight == kNothing) continue;
      const float value = weight - kCutPenalty * static_cast<float>(distance) / static_cast<float>(reach);
      if (!(value > highest)) continue;
      highest = value;
      best = place;
    }
  }
  return best;
}

void Document::cut_open_block() noexcept {
  memory_.cut_places[cuts_ % memory_.cut_count] = choose_cut(open());
  ++cuts_;
  ++fresh_;
}

void Document::cut_ahead(std::int64_t count) noexcept {
  fresh_ = 0;
  if (!cut()) return;
  while (decided_at(open()) <= count) cut_open_block();
}

void Document::cut_behind(std::int64_t count) noexcept {
  fresh_ = 0;
  if (!cut()) return;
  while (decided_at(open()) <= count) {
    weights_.take_in(decided_at(open()));
    cut_open_block();
  }
  weights_.take_in(count);
}

bool Document::can_go_back(std::int64_t count) const noexcept {
  if (!cut()) return true;
  if (!weights_.can_take_back(count)) return false;
  std::int64_t number = cuts_;
  const std::int64_t oldest = std::max<std::int64_t>(cuts_ - memory_.cut_count, 0);
  while (number - 2 >= oldest && decided_at(cut_at(number - 2)) > count) --number;
  if (number - 2 < oldest && number > 1) return false;
  // The ids from the open block on are needed again, and so are those that the next delimiters to be learned look back
  // at.
  const std::int64_t oldest_id = std::min(cut_at(number - 1), count - (kFutureBlocks + 1) * shape_.block_size) - 2;
  return std::max<std::int64_t>(oldest_id, 0) >= written_ - memory_.token_count;
}

bool Document::go_back(std::int64_t count) noexcept {
  if (!can_go_back(count)) return false;
  fresh_ = 0;
  if (!cut()) return true;
  while (cuts_ > 1 && decided_at(cut_at(cuts_ - 2)) > count) --cuts_;
  weights_.take_back(count);
  return true;
}

void Document::learn(std::int64_t query, std::span<const std::int64_t> index, std::span<const float> attention,
                     std::int64_t sinks, std::span<float> sums) noexcept {
  if (!observes(query)) return;
  // sums[i]: attention to the entries behind the sinks, up to entry i.
  double sum = 0, all = 0;
  for (std::size_t i = 0; i < attention.size(); ++i) {
    all += double{attention[i]};
    if (static_cast<std::int64_t>(i) >= sinks) sum += double{attention[i]};
    sums[i] = static_cast<float>(sum);
  }
  if (!(all > 0) || !std::isfinite(all)) return;
  const auto up_to = [&](std::int64_t place) {  // attention to tokens before `place`
    const auto end = std::lower_bound(index.begin(), index.end(), place) - index.begin();
    return end == 0 ? 0.0 : double{sums[static_cast<std::size_t>(end - 1)]};
  };
  const std::int64_t end = std::max<std::int64_t>(query - kFutureBlocks * shape_.block_size, 0);
  for (std::int64_t place = query; place > end; --place) {
    const Delimiter kind = delimiter_before(place);
    if (kind == Delimiter::none) continue;
    const double near = up_to(place), distant = up_to(place - shape_.block_size);
    weights_.add(query, key_before(place, kind), (near - distant - kDistantPenalty * distant) / all);
  }
}

}  // namespace brim::kv
