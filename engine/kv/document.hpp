// The boundaries of meaning in the text: where the document is cut into blocks, and what was learned about its
// delimiters. One for all layers of a cache. DynSplit-KV (arXiv 2602.03184) learns per document which delimiters
// matter; the formula of s_i is from its digest, everything else here is our reconstruction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/state.hpp"

namespace brim::kv {

/// What a token ends. The cache gets one byte per token id: this value, and kBeginsWord where a token begins a word.
enum class Delimiter : std::uint8_t {
  none,
  space,      ///< a word
  clause,     ///< , : — 、
  statement,  ///< ;
  sentence,   ///< . ! ? 。
  line,       ///< one newline
  brace,      ///< { or }, with or without a newline
  paragraph,  ///< an empty line
  turn,       ///< a message, in a chat
};
inline constexpr int kDelimiterCount = 9;
inline constexpr std::uint8_t kBeginsWord = 0x80;

/// The value of a cut behind each kind before anything was learned (ours).
inline constexpr std::array<float, kDelimiterCount> kPriorWeights{0, 0.1f, 0.25f, 0.35f, 0.4f, 0.4f, 0.45f, 0.5f, 0.6f};
/// What a delimiter gains when its mean s_i is one standard deviation of all s_i above their mean (ours): the
/// difference in value between a sentence and a clause.
inline constexpr double kLearnedGain = 0.15;
/// The number of occurrences after which half of that gain counts (ours).
inline constexpr double kPriorCount = 4;
/// λ: the cost of a cut at distance Δ from the ideal end (ours).
inline constexpr float kCutPenalty = 0.2f;
/// α: the weight of attention to the distant context, compared to attention to the near context (ours).
inline constexpr double kDistantPenalty = 1;

/// What was learned about one delimiter token.
struct LearnedDelimiter {
  std::int32_t key;  ///< which token; 0: the place is free
  float count;       ///< occurrences seen, each worth 1 where all layers and a whole future window saw it
  float sum;         ///< Σ s_i
};
/// Places in the table of delimiters; a text that has more kinds learns about the first ones only.
inline constexpr std::int64_t kLearnedDelimiters = 256;

/// Memory for a document, from the cache's.
struct DocumentMemory {
  std::int32_t* token_ids = nullptr;
  std::int64_t* cut_places = nullptr;
  LearnedDelimiter* learned = nullptr;
  std::int64_t token_count = 0;
  std::int64_t cut_count = 0;

  /// Ids kept: a chunk, and as many as a rewind without processing tokens again may need.
  static constexpr std::int64_t tokens(std::int64_t chunk) { return chunk + 1024; }
  /// Cuts kept: as many as a chunk can make, and those before it.
  static constexpr std::int64_t cuts(std::int64_t chunk, int block_size) { return 2 * chunk / block_size + 256; }
};

/// Without memory, as where no policy needs blocks, nothing in it has any effect. Deterministic.
class Document {
 public:
  Document() = default;
  /// `classes` (by token id, may be empty: then nothing is a delimiter) and the memory outlive it.
  Document(const DocumentMemory& memory, int block_size, std::span<const std::uint8_t> classes) noexcept;

  bool cut() const { return memory_.cut_count > 0; }
  int block_size() const { return size_; }

  /// Sets the ids of the tokens from `first` on; what was known from there on is overwritten. Missing ids are not
  /// delimiters.
  void write(std::int64_t first, std::int64_t count, std::span<const std::int32_t> tokens) noexcept;
  /// Decides all cuts that can be decided once `count` tokens are certain. fresh() returns these until the next call.
  void advance(std::int64_t count) noexcept;
  /// Drops the cuts that were not yet decided after `count` tokens. False, with nothing changed, if that is too far in
  /// the past.
  bool go_back(std::int64_t count) noexcept;
  bool can_go_back(std::int64_t count) const noexcept;
  void clear() noexcept;

  /// For saved sessions (document_state.cpp). restore() expects the state of a document with the same memory after
  /// `count` tokens; the previous content is lost. Errors: those of the state reader.
  void save(StateWriter& state) const;
  Status restore(StateReader& state, std::int64_t count);

  /// Places of the first tokens of the blocks that the last advance cut, ascending.
  std::int64_t fresh_cuts() const { return fresh_; }
  std::int64_t fresh_cut(std::int64_t number) const { return cut_at(cuts_ - fresh_ + number); }
  /// Where the block begins that was open before those cuts.
  std::int64_t open_before() const { return cut_at(cuts_ - fresh_ - 1); }
  /// Where the open block begins.
  std::int64_t open() const { return cut_at(cuts_ - 1); }

  /// Learns from one layer's attention in one chunk. `index` and `accumulated` belong to the observed entries,
  /// ascending; `accumulated` is the attention from the `queries` newest tokens together. The first `sinks` entries do
  /// not count. `share`: this layer's share, 1 / number of layers.
  ///
  /// s_i = (Σ_{O_i} attention − α Σ_{D_i} attention) / Σ attention, with the accumulated attention of the entries, for
  /// each delimiter i shortly before those queries, its future window F_i. O_i, the context that would be kept if the
  /// text were cut at i, has the size of a block and ends at i; D_i is everything older (ours). `sums` has room for one
  /// float per entry.
  void learn(std::span<const std::int64_t> index, std::span<const float> accumulated, std::int64_t queries,
             std::int64_t sinks, float share, std::span<float> sums) noexcept;

  /// The value of a cut before the token at `place`: w = prior + gain · n / (n + kPriorCount) · (mean s_i − mean s) /
  /// spread of s, after n occurrences of its delimiter. Where there is no delimiter, the value is below every value
  /// that a delimiter can have.
  float weight_before(std::int64_t place) const noexcept;
  Delimiter delimiter_before(std::int64_t place) const noexcept;

 private:
  std::int32_t token(std::int64_t place) const { return memory_.token_ids[place % memory_.token_count]; }
  std::int64_t cut_at(std::int64_t number) const { return memory_.cut_places[number % memory_.cut_count]; }
  std::uint8_t class_of(std::int64_t place) const noexcept;
  std::int32_t key_before(std::int64_t place, Delimiter kind) const noexcept;
  LearnedDelimiter* find(std::int32_t key) const noexcept;
  std::int64_t choose_cut(std::int64_t start) const noexcept;
  /// Tokens that must be known before the block that begins at `start` is cut.
  std::int64_t decided_at(std::int64_t start) const { return start + size_ + reach_ + 1; }

  DocumentMemory memory_;
  std::span<const std::uint8_t> classes_;
  int size_ = 0;
  int reach_ = 0;
  std::int64_t cuts_ = 0;  ///< cuts made since clear(); the last ones are kept
  std::int64_t fresh_ = 0;
  std::int64_t written_ = 0;  ///< tokens whose ids were ever written: those older than the ring holds are gone
  std::int64_t learned_ = 0;  ///< places in use in the table
  double seen_ = 0, seen_sum_ = 0, seen_squares_ = 0;  ///< n, Σ s and Σ s² over all delimiters
};

}  // namespace brim::kv
