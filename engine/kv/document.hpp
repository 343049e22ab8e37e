// The text as far as its meaning's seams go: where the document is cut into blocks, and what was learned about its
// delimiters. One for all layers of a cache. DynSplit-KV (arXiv 2602.03184) learns per document which delimiters
// matter; the formula of s_i is from its digest, everything else here is our reconstruction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/state.hpp"

namespace brim::kv {

/// What a token ends. The cache gets one byte for each token id: this, and kBeginsWord where a token begins a word.
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

/// What a cut behind each kind is worth before anything was learned (ours).
inline constexpr std::array<float, kDelimiterCount> kPriorWeights{0, 0.1f, 0.25f, 0.35f, 0.4f, 0.4f, 0.45f, 0.5f, 0.6f};
/// What a delimiter gains when its s_i are one standard deviation of all s_i above their mean (ours): as much as a
/// sentence is worth more than a clause.
inline constexpr double kLearnedGain = 0.15;
/// Occurrences after which half of that counts (ours).
inline constexpr double kPriorCount = 4;
/// λ: what a cut Δ from the ideal end costs (ours).
inline constexpr float kCutPenalty = 0.2f;
/// α: what attention to the distant context counts against that to the near one (ours).
inline constexpr double kDistantPenalty = 1;

/// What was learned of one delimiter token.
struct LearnedDelimiter {
  std::int32_t key;  ///< which token; 0: the place is free
  float count;       ///< occurrences seen, each worth 1 where all layers and a whole future window saw it
  float sum;         ///< Σ s_i
};
/// Places in the table of those; a text that has more kinds learns of the first ones only.
inline constexpr std::int64_t kLearnedDelimiters = 256;

/// Memory for a document, from the cache's.
struct DocumentMemory {
  std::int32_t* token_ids = nullptr;
  std::int64_t* cut_places = nullptr;
  LearnedDelimiter* learned = nullptr;
  std::int64_t token_count = 0;
  std::int64_t cut_count = 0;

  /// Ids remembered: a chunk, and as much as going back without reading again may need.
  static constexpr std::int64_t tokens(std::int64_t chunk) { return chunk + 1024; }
  /// Cuts remembered: as many as a chunk can make, and those before it.
  static constexpr std::int64_t cuts(std::int64_t chunk, int block_size) { return 2 * chunk / block_size + 256; }
};

/// Nothing of it does anything without memory, as where nobody asks for blocks. Deterministic.
class Document {
 public:
  Document() = default;
  /// `classes` (by token id, may be empty: then nothing is a delimiter) and the memory outlive it.
  Document(const DocumentMemory& memory, int block_size, std::span<const std::uint8_t> classes) noexcept;

  bool cut() const { return memory_.cut_count > 0; }
  int block_size() const { return size_; }

  /// The ids of the tokens from `first` on: what was known from there on is written over. Missing ones are no
  /// delimiters.
  void write(std::int64_t first, std::int64_t count, std::span<const std::int32_t> tokens) noexcept;
  /// Decides all cuts that can be decided once `count` tokens are certain. These are fresh until the next call.
  void advance(std::int64_t count) noexcept;
  /// Forgets the cuts that were not decided yet after `count` tokens. False, with nothing changed, if that is too far
  /// back.
  bool go_back(std::int64_t count) noexcept;
  bool can_go_back(std::int64_t count) const noexcept;
  void clear() noexcept;

  /// For saved sessions (document_state.cpp). restore() wants the state of a document with the same memory after `count`
  /// tokens; what it was is lost. Errors: those of the reader.
  void save(StateWriter& state) const;
  Status restore(StateReader& state, std::int64_t count);

  /// Places of the first tokens of the blocks that the last advance cut, ascending.
  std::int64_t fresh_cuts() const { return fresh_; }
  std::int64_t fresh_cut(std::int64_t number) const { return cut_at(cuts_ - fresh_ + number); }
  /// Where the block begins that was open before those.
  std::int64_t open_before() const { return cut_at(cuts_ - fresh_ - 1); }
  /// Where the open block begins.
  std::int64_t open() const { return cut_at(cuts_ - 1); }

  /// Learns from one layer's attention in one chunk. `index` and `accumulated attention` are of the entries that were seen, ascending;
  /// `accumulated attention` is the attention of the `queries` newest ones together. The first `sinks` entries count for nothing;
  /// `share`: of the layers, one.
  ///
  /// s_i = (Σ_{O_i} accumulated attention − α Σ_{D_i} accumulated attention) / Σ accumulated attention for each delimiter i shortly before those queries, its future
  /// window F_i. O_i, the context that would be kept if the text were cut at i, is the size of a block up to i; D_i
  /// what is older (ours). `sums` is room for as many floats as there are entries.
  void learn(std::span<const std::int64_t> index, std::span<const float> accumulated, std::int64_t queries, std::int64_t sinks,
             float share, std::span<float> sums) noexcept;

  /// What a cut before the token at `place` is worth: w = prior + gain · n / (n + kPriorCount) · (mean s_i − mean s) /
  /// spread of s, n occurrences of its delimiter having been seen. Below every number a delimiter can have where there
  /// is none.
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
  std::int64_t cuts_ = 0;  ///< made since clear(); the last ones are remembered
  std::int64_t fresh_ = 0;
  std::int64_t written_ = 0;  ///< tokens whose ids were ever written: older ones than the ring holds are gone
  std::int64_t learned_ = 0;  ///< places taken in the table
  double seen_ = 0, seen_sum_ = 0, seen_squares_ = 0;  ///< n, Σ s and Σ s² over all delimiters
};

}  // namespace brim::kv
