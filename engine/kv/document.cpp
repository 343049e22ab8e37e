// See document.hpp.
#include "engine/kv/document.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/kv/blocks.hpp"

namespace brim::kv {
namespace {

/// Queries behind a delimiter belong to its future window when they are at most this many block sizes behind it.
constexpr std::int64_t kFutureBlocks = 1;
/// An occurrence counts fully when this many queries saw it.
constexpr float kWholeWindow = 32;
constexpr double kMinVariance = 1e-12;
constexpr float kNothing = -std::numeric_limits<float>::max();

}  // namespace

Document::Document(const DocumentMemory& memory, int block_size, std::span<const std::uint8_t> classes) noexcept
    : memory_(memory), classes_(classes), size_(block_size), reach_(cut_reach(block_size)) {
  clear();
}

void Document::clear() noexcept {
  if (!cut()) return;
  fresh_ = written_ = learned_ = 0;
  seen_ = seen_sum_ = seen_squares_ = 0;
  cuts_ = 1;
  // Clears everything, because everything is saved: a state that was refused half-way must leave nothing behind.
  std::fill_n(memory_.token_ids, memory_.token_count, -1);
  std::fill_n(memory_.cut_places, memory_.cut_count, 0);
  std::fill_n(memory_.learned, kLearnedDelimiters, LearnedDelimiter{});
}

void Document::write(std::int64_t first, std::int64_t count, std::span<const std::int32_t> tokens) noexcept {
  if (!cut()) return;
  for (std::int64_t t = 0; t < count; ++t) {
    const bool known = t < static_cast<std::int64_t>(tokens.size());
    memory_.token_ids[(first + t) % memory_.token_count] = known ? tokens[static_cast<std::size_t>(t)] : -1;
  }
  written_ = std::max(written_, first + count);
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

LearnedDelimiter* Document::find(std::int32_t key) const noexcept {
  const auto hash = static_cast<std::uint32_t>(key) * 2654435761u;
  for (std::int64_t i = 0; i < kLearnedDelimiters; ++i) {
    LearnedDelimiter& place = memory_.learned[(hash / 65536 + static_cast<std::uint32_t>(i)) % kLearnedDelimiters];
    if (place.key == key || place.key == 0) return &place;
  }
  return nullptr;
}

float Document::weight_before(std::int64_t place) const noexcept {
  const Delimiter kind = delimiter_before(place);
  if (kind == Delimiter::none) return kNothing;
  const float prior = kPriorWeights[static_cast<std::size_t>(kind)];
  const LearnedDelimiter* learned = find(key_before(place, kind));
  if (!learned || learned->key == 0) return prior;
  const double mean = seen_sum_ / seen_, variance = seen_squares_ / seen_ - mean * mean;
  if (!(variance > kMinVariance)) return prior;
  const double own = double{learned->sum} / double{learned->count} - mean;
  return prior +
         static_cast<float>(kLearnedGain * learned->count / (learned->count + kPriorCount) * own / std::sqrt(variance));
}

// e* = argmax over [s_e − Δ, s_e + Δ] of w_e − λ|e − s_e|/Δ, among delimiters; s_e where there are none. Among equals
// the nearest, and among those the first.
std::int64_t Document::choose_cut(std::int64_t start) const noexcept {
  const std::int64_t ideal = start + size_;
  std::int64_t best = ideal;
  float highest = kNothing;
  for (std::int64_t distance = 0; distance <= reach_; ++distance) {
    for (const std::int64_t place : {ideal - distance, ideal + distance}) {
      const float weight = weight_before(place);
      if (weight == kNothing) continue;
      const float value = weight - kCutPenalty * static_cast<float>(distance) / static_cast<float>(reach_);
      if (!(value > highest)) continue;
      highest = value;
      best = place;
    }
  }
  return best;
}

void Document::advance(std::int64_t count) noexcept {
  fresh_ = 0;
  if (!cut()) return;
  while (decided_at(open()) <= count) {
    const std::int64_t place = choose_cut(open());
    memory_.cut_places[cuts_ % memory_.cut_count] = place;
    ++cuts_;
    ++fresh_;
  }
}

bool Document::can_go_back(std::int64_t count) const noexcept {
  if (!cut()) return true;
  std::int64_t number = cuts_;
  const std::int64_t oldest = std::max<std::int64_t>(cuts_ - memory_.cut_count, 0);
  while (number - 2 >= oldest && decided_at(cut_at(number - 2)) > count) --number;
  if (number - 2 < oldest && number > 1) return false;
  // The ids from the open block on are needed again, and so are those that the next delimiters to be learned look back
  // at.
  const std::int64_t oldest_id = std::min(cut_at(number - 1), count - (kFutureBlocks + 1) * size_) - 2;
  return std::max<std::int64_t>(oldest_id, 0) >= written_ - memory_.token_count;
}

bool Document::go_back(std::int64_t count) noexcept {
  if (!can_go_back(count)) return false;
  fresh_ = 0;
  if (!cut()) return true;
  while (cuts_ > 1 && decided_at(cut_at(cuts_ - 2)) > count) --cuts_;
  return true;
}

void Document::learn(std::span<const std::int64_t> index, std::span<const float> accumulated, std::int64_t queries,
                     std::int64_t sinks, float share, std::span<float> sums) noexcept {
  if (!cut() || index.empty()) return;
  // sums[i]: attention to the entries behind the sinks, up to entry i.
  double sum = 0, all = 0;
  for (std::size_t i = 0; i < accumulated.size(); ++i) {
    all += double{accumulated[i]};
    if (static_cast<std::int64_t>(i) >= sinks) sum += double{accumulated[i]};
    sums[i] = static_cast<float>(sum);
  }
  if (!(all > 0)) return;
  const auto up_to = [&](std::int64_t place) {  // attention to tokens before `place`
    const auto end = std::lower_bound(index.begin(), index.end(), place) - index.begin();
    return end == 0 ? 0.0 : double{sums[static_cast<std::size_t>(end - 1)]};
  };
  const std::int64_t future = index.back() + 1 - queries;
  const float weight = share * std::min(static_cast<float>(queries), kWholeWindow) / kWholeWindow;
  for (std::int64_t place = std::max<std::int64_t>(future - kFutureBlocks * size_ + 1, 1); place <= future; ++place) {
    const Delimiter kind = delimiter_before(place);
    if (kind == Delimiter::none) continue;
    LearnedDelimiter* learned = find(key_before(place, kind));
    if (!learned) continue;
    if (learned->key == 0) {
      if (learned_ >= kLearnedDelimiters * 3 / 4) continue;
      ++learned_;
      learned->key = key_before(place, kind);
    }
    const double near = up_to(place), distant = up_to(place - size_);
    const double score = (near - distant - kDistantPenalty * distant) / all;
    learned->count += weight;
    learned->sum += weight * static_cast<float>(score);
    seen_ += double{weight};
    seen_sum_ += weight * score;
    seen_squares_ += weight * score * score;
  }
}

}  // namespace brim::kv
