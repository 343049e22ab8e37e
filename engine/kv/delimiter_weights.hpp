// What is learned about the delimiters of a text: DynSplit-KV (arXiv 2602.03184) learns per document which ones matter.
// The score s_i of an occurrence is computed by the document (document.hpp); here scores become weights.
//
// Every kObservedEvery-th token of a prompt is an observed query. What it adds is kept for as long as the document keeps
// token ids, so going back takes exactly that away again. Scores are integers, so what was learned after n tokens does
// not depend on the chunks that these came in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/state.hpp"

namespace brim::kv {

/// One query of so many tokens is observed: the last (ours).
inline constexpr std::int64_t kObservedEvery = 32;
/// Max number of different delimiters that one query is observed for: those nearest to it (ours).
inline constexpr int kDelimitersPerQuery = 4;
/// What a delimiter gains when its mean s_i is one standard deviation of all s_i above their mean (ours): the
/// difference in value between a sentence and a clause.
inline constexpr double kLearnedGain = 0.15;
/// The number of occurrences after which half of that gain counts (ours).
inline constexpr double kPriorCount = 4;
/// Scores are stored in units of 1 / kScoreUnit.
inline constexpr std::int64_t kScoreUnit = std::int64_t{1} << 24;

/// What was learned about one delimiter token.
struct LearnedDelimiter {
  std::int32_t key;    ///< which token; 0: the place is free
  std::int32_t count;  ///< occurrences seen: once by each observed query behind it, in each stream
  std::int64_t sum;    ///< Σ s_i
};
/// Places in the table of delimiters; a text that has more kinds learns about the first ones only.
inline constexpr std::int64_t kLearnedDelimiters = 256;
inline constexpr std::int64_t kMaxLearnedDelimiters = kLearnedDelimiters * 3 / 4;

/// What one query adds to one delimiter.
struct DelimiterObservation {
  std::int64_t query;  ///< its place in the text
  std::int64_t sum;    ///< Σ s_i
  std::int32_t key;
  std::int32_t count;
};

/// Memory for weights, from the cache's.
struct DelimiterMemory {
  LearnedDelimiter* learned = nullptr;
  DelimiterObservation* observations = nullptr;
  std::int64_t observation_count = 0;

  /// Observations kept of `tokens` tokens.
  static constexpr std::int64_t observations_of(std::int64_t tokens) {
    return (tokens / kObservedEvery + 1) * kDelimitersPerQuery;
  }
};

/// Without memory, as where nothing is learned, nothing in it has any effect. Deterministic; allocates nothing.
class DelimiterWeights {
 public:
  DelimiterWeights() = default;
  /// `streams`: how many observe each query. The memory outlives this.
  DelimiterWeights(const DelimiterMemory& memory, int block_size, std::size_t streams) noexcept;

  bool any() const { return memory_.observation_count > 0; }
  void clear() noexcept;

  /// Whether the query at this place is observed.
  bool observes(std::int64_t query) const { return any() && query % kObservedEvery == kObservedEvery - 1; }
  /// The query stands behind this delimiter: add() may be called for them until the observation is taken in or dropped.
  /// Queries come in ascending order, each one's delimiters from the nearest on.
  void expect(std::int64_t query, std::int32_t key) noexcept;
  /// An occurrence of the delimiter, as one stream saw it; −2 ≤ score ≤ 1. Nothing where it was not expected.
  void add(std::int64_t query, std::int32_t key, double score) noexcept;
  /// Learns from the expected observations of queries before this place.
  void take_in(std::int64_t before) noexcept;
  void drop_expected() noexcept { next_ = end_ = taken_; }

  /// Whether take_back(count) is exact: what queries from there on added is still known.
  bool can_take_back(std::int64_t count) const { return count >= complete_from_; }
  /// What was learned from queries at `count` and later is gone, and so is everything expected.
  void take_back(std::int64_t count) noexcept;

  /// What was learned adds this to the prior of a delimiter: gain · n / (n + kPriorCount) · (mean s_i − mean s) / spread
  /// of s, after n occurrences.
  float gain(std::int32_t key) const noexcept;

  /// For saved sessions; what is expected is left out. Nothing is written where nothing is learned. restore() gives the
  /// state of the same text after `tokens` tokens; the previous content is lost. Errors: those of the state reader.
  void save(StateWriter& state) const;
  Status restore(StateReader& state, std::int64_t tokens);

 private:
  DelimiterObservation& at(std::int64_t number) const {
    return memory_.observations[number % memory_.observation_count];
  }
  std::span<LearnedDelimiter> table() const {
    return {memory_.learned, static_cast<std::size_t>(any() ? kLearnedDelimiters : 0)};
  }
  LearnedDelimiter* find(std::int32_t key) const noexcept;
  bool learn(const DelimiterObservation& seen) noexcept;
  void unlearn(const DelimiterObservation& seen) noexcept;
  Status check_table(const StateReader& state) const;
  Status restore_observations(StateReader& state, std::int64_t tokens, std::int64_t count);

  DelimiterMemory memory_;
  double weight_ = 0;  ///< of one observation in one stream, as a part of an occurrence
  // Observations are numbered since clear(): [oldest_, taken_) were learned from, [next_, end_) are expected.
  std::int64_t oldest_ = 0, taken_ = 0, next_ = 0, end_ = 0;
  std::int64_t complete_from_ = 0;                           ///< all observations of queries from here on are there
  std::int64_t learned_ = 0;                                 ///< places in use in the table
  std::int64_t seen_ = 0, seen_sum_ = 0, seen_squares_ = 0;  ///< n, Σ s and Σ s² over all delimiters
};

}  // namespace brim::kv
