// See delimiter_weights.hpp.
#include "engine/kv/delimiter_weights.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace brim::kv {
namespace {

constexpr double kMinVariance = 1e-6;
// Bounds within which no sum overflows, however long the text is; beyond them nothing more is learned.
constexpr std::int32_t kMaxCount = std::int32_t{1} << 30;
constexpr std::int64_t kMaxSeen = std::int64_t{1} << 36;
constexpr std::int64_t kMaxScore = 2 * kScoreUnit;

// The square of the mean of the scores, for each of them.
std::int64_t squares_of(const DelimiterObservation& seen) {
  const std::int64_t mean = seen.sum / seen.count;
  return mean * mean / kScoreUnit * seen.count;
}

}  // namespace

DelimiterWeights::DelimiterWeights(const DelimiterMemory& memory, int block_size, std::size_t streams) noexcept
    : memory_(memory),
      weight_(static_cast<double>(kObservedEvery) /
              (static_cast<double>(block_size) * static_cast<double>(std::max<std::size_t>(streams, 1)))) {
  clear();
}

void DelimiterWeights::clear() noexcept {
  oldest_ = taken_ = next_ = end_ = complete_from_ = 0;
  learned_ = seen_ = seen_sum_ = seen_squares_ = 0;
  std::fill(table().begin(), table().end(), LearnedDelimiter{});
}

void DelimiterWeights::expect(std::int64_t query, std::int32_t key) noexcept {
  int delimiters = 0;
  for (std::int64_t i = end_; i > next_ && at(i - 1).query == query; --i) {
    if (at(i - 1).key == key) return;
    ++delimiters;
  }
  if (!any() || delimiters == kDelimitersPerQuery) return;
  if (end_ - oldest_ == memory_.observation_count) {
    complete_from_ = at(oldest_).query + 1;
    ++oldest_;
  }
  at(end_++) = {query, 0, key, 0};
}

void DelimiterWeights::add(std::int64_t query, std::int32_t key, double score) noexcept {
  for (std::int64_t i = next_; i < end_; ++i) {
    DelimiterObservation& seen = at(i);
    if (seen.query != query || seen.key != key) continue;
    if (seen.count == kMaxCount) return;
    ++seen.count;
    seen.sum += std::llround(std::clamp(score, -2.0, 1.0) * static_cast<double>(kScoreUnit));
    return;
  }
}

LearnedDelimiter* DelimiterWeights::find(std::int32_t key) const noexcept {
  const auto hash = static_cast<std::uint32_t>(key) * 2654435761u;
  const std::span<LearnedDelimiter> places = table();
  for (std::size_t i = 0; i < places.size(); ++i) {
    LearnedDelimiter& place = places[(hash / 65536 + i) % places.size()];
    if (place.key == key || place.key == 0) return &place;
  }
  return nullptr;
}

bool DelimiterWeights::learn(const DelimiterObservation& seen) noexcept {
  if (seen.count == 0 || seen_ > kMaxSeen - seen.count) return false;
  LearnedDelimiter* place = find(seen.key);
  if (place == nullptr || place->count > kMaxCount - seen.count) return false;
  if (place->key == 0) {
    if (learned_ == kMaxLearnedDelimiters) return false;
    ++learned_;
    place->key = seen.key;
  }
  place->count += seen.count;
  place->sum += seen.sum;
  seen_ += seen.count;
  seen_sum_ += seen.sum;
  seen_squares_ += squares_of(seen);
  return true;
}

// The last observation that was learned from: a delimiter that it was the first of is the last that came into the table.
void DelimiterWeights::unlearn(const DelimiterObservation& seen) noexcept {
  LearnedDelimiter* place = find(seen.key);
  if (place == nullptr || place->key == 0) return;
  place->count -= seen.count;
  place->sum -= seen.sum;
  seen_ -= seen.count;
  seen_sum_ -= seen.sum;
  seen_squares_ -= squares_of(seen);
  if (place->count > 0) return;
  *place = {};
  --learned_;
}

void DelimiterWeights::take_in(std::int64_t before) noexcept {
  for (; next_ < end_ && at(next_).query < before; ++next_) {
    const DelimiterObservation seen = at(next_);
    if (learn(seen)) at(taken_++) = seen;
  }
  if (next_ == end_) drop_expected();
}

void DelimiterWeights::take_back(std::int64_t count) noexcept {
  while (taken_ > oldest_ && at(taken_ - 1).query >= count) unlearn(at(--taken_));
  drop_expected();
}

float DelimiterWeights::gain(std::int32_t key) const noexcept {
  const LearnedDelimiter* learned = find(key);
  if (learned == nullptr || learned->key == 0 || seen_ <= 0) return 0;
  const auto unit = static_cast<double>(kScoreUnit), all = static_cast<double>(seen_);
  const double mean = static_cast<double>(seen_sum_) / all / unit;
  const double variance = static_cast<double>(seen_squares_) / all / unit - mean * mean;
  if (!(variance > kMinVariance)) return 0;
  const double own = static_cast<double>(learned->sum) / learned->count / unit - mean;
  const double occurrences = learned->count * weight_;
  return static_cast<float>(kLearnedGain * occurrences / (occurrences + kPriorCount) * own / std::sqrt(variance));
}

void DelimiterWeights::save(StateWriter& state) const {
  if (!any()) return;
  for (const std::int64_t value : {learned_, seen_, seen_sum_, seen_squares_, complete_from_, taken_ - oldest_}) {
    state.number(value);
  }
  state.piece(std::as_bytes(table()));
  for (std::int64_t i = oldest_; i < taken_; ++i) {
    const DelimiterObservation& seen = at(i);
    for (const std::int64_t value : {seen.query, std::int64_t{seen.key}, std::int64_t{seen.count}, seen.sum}) {
      state.number(value);
    }
  }
}

Status DelimiterWeights::check_table(const StateReader& state) const {
  std::int64_t taken = 0, seen = 0, sum = 0;
  for (const LearnedDelimiter& learned : table()) {
    const bool free = learned.key == 0;
    const std::int64_t max = learned.count * kMaxScore;
    const bool counted =
        free ? learned.count == 0 && learned.sum == 0
             : learned.count > 0 && learned.count <= kMaxCount && learned.sum >= -max && learned.sum <= max;
    if (!counted) {
      return state.wrong("delimiters", sentence("counts up to ", kMaxCount, " and sums of so many scores"),
                         sentence(learned.count, " and ", learned.sum));
    }
    taken += free ? 0 : 1;
    seen += learned.count;
    sum += learned.sum;
    if (seen > seen_) break;
  }
  if (seen != seen_ || sum != seen_sum_) {
    return state.wrong("occurrences and their scores", sentence(seen_, " and ", seen_sum_),
                       sentence(seen, " and ", sum));
  }
  if (taken != learned_) return state.wrong("delimiters", sentence(learned_), sentence(taken));
  return {};
}

Status DelimiterWeights::restore_observations(StateReader& state, std::int64_t tokens, std::int64_t count) {
  constexpr std::int64_t kKeys = std::numeric_limits<std::int32_t>::max();
  std::int64_t query = 0;
  for (; taken_ < count; ++taken_) {
    DelimiterObservation& seen = at(taken_);
    std::int64_t key = 0, occurrences = 0;
    BRIM_TRY(state.number("an observed query", query, tokens - 1, query));
    BRIM_TRY(state.number("its delimiter", -kKeys - 1, kKeys, key));
    seen = {query, 0, static_cast<std::int32_t>(key), 0};
    // What was learned of the delimiter contains all of its observations: taking them back leaves no less than none.
    const LearnedDelimiter* learned = find(seen.key);
    const bool known = key != 0 && learned != nullptr && learned->key == seen.key;
    if (!known) return state.wrong("its delimiter", "one of those learned", sentence(key));
    std::int64_t left = learned->count;
    for (std::int64_t i = 0; i < taken_; ++i) left -= at(i).key == seen.key ? at(i).count : 0;
    BRIM_TRY(state.number("its occurrences", 1, left, occurrences));
    seen.count = static_cast<std::int32_t>(occurrences);
    BRIM_TRY(state.number("its scores", -occurrences * kMaxScore, occurrences * kMaxScore, seen.sum));
  }
  drop_expected();
  return {};
}

Status DelimiterWeights::restore(StateReader& state, std::int64_t tokens) {
  if (!any()) return {};
  clear();
  std::int64_t count = 0;
  BRIM_TRY(state.number("delimiters learned of", 0, kMaxLearnedDelimiters, learned_));
  BRIM_TRY(state.number("occurrences", 0, kMaxSeen, seen_));
  BRIM_TRY(state.number("sum of scores", -seen_ * kMaxScore, seen_ * kMaxScore, seen_sum_));
  BRIM_TRY(state.number("sum of squared scores", 0, 2 * seen_ * kMaxScore, seen_squares_));
  BRIM_TRY(state.number("first place whose observations are kept", 0, tokens, complete_from_));
  BRIM_TRY(state.number("observations", 0, memory_.observation_count, count));
  BRIM_TRY(state.piece("delimiters", std::as_writable_bytes(table())));
  BRIM_TRY(check_table(state));
  return restore_observations(state, tokens, count);
}

}  // namespace brim::kv
