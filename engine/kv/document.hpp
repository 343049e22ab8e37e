// The boundaries of meaning in the text: where the document is cut into blocks, and what was learned about its
// delimiters. One for all layers of a cache. DynSplit-KV (arXiv 2602.03184) learns per document which delimiters
// matter; the formula of s_i is from its digest, everything else here is our reconstruction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/state.hpp"
#include "engine/kv/blocks.hpp"
#include "engine/kv/delimiter_weights.hpp"
#include "engine/kv/needs.hpp"

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
/// λ: the cost of a cut at distance Δ from the ideal end (ours).
inline constexpr float kCutPenalty = 0.2f;
/// α: the weight of attention to the distant context, compared to attention to the near context (ours).
inline constexpr double kDistantPenalty = 1;

/// Memory for a document, from the cache's.
struct DocumentMemory {
  std::int32_t* token_ids = nullptr;
  std::int64_t* cut_places = nullptr;
  std::int64_t token_count = 0;
  std::int64_t cut_count = 0;
  DelimiterMemory delimiters;  ///< empty where nothing is learned

  /// Ids kept: a chunk, and as many as a rewind without processing tokens again may need.
  static constexpr std::int64_t tokens(std::int64_t chunk) { return chunk + 1024; }
  /// Cuts kept: as many as a chunk can make, and those before it.
  static constexpr std::int64_t cuts(std::int64_t chunk, int block_size) { return 2 * chunk / block_size + 256; }
};

/// How a document is cut.
struct DocumentShape {
  int block_size = 0;
  Cutting cutting = Cutting::learned;
  std::size_t streams = 1;  ///< how many observe the text
};

/// Without memory, as where no policy needs blocks, nothing in it has any effect. Deterministic.
///
/// A block is cut once its future window was processed too (known_before_cut), in one of two ways. Where nothing is
/// evicted, cut_behind() decides after each chunk, by what was learned from the queries of just that window and those
/// before it, so that neither chunks nor going back change a cut. Where chunks evict, blocks must be known before their
/// entries are taken in: cut_ahead() decides by what was learned from the chunks before.
class Document {
 public:
  Document() = default;
  /// `classes` (by token id, may be empty: then nothing is a delimiter) and the memory outlive it.
  Document(const DocumentMemory& memory, const DocumentShape& shape, std::span<const std::uint8_t> classes) noexcept;

  bool cut() const { return memory_.cut_count > 0; }
  int block_size() const { return shape_.block_size; }

  /// Sets the ids of the tokens from `first` on; what was known from there on is overwritten. Missing ids are not
  /// delimiters.
  void write(std::int64_t first, std::int64_t count, std::span<const std::int32_t> tokens) noexcept;
  /// Decides all cuts that can be decided once `count` tokens are certain, the chunk's included. fresh_cuts() are these.
  void cut_ahead(std::int64_t count) noexcept;
  /// The same after a chunk, together with what its queries taught: fresh_cuts() are these until applied().
  void cut_behind(std::int64_t count) noexcept;
  void applied() noexcept { fresh_ = 0; }
  /// Learns what the queries up to `count` tokens taught, where cut_ahead() decides.
  void learn_up_to(std::int64_t count) noexcept { weights_.take_in(count); }
  /// Drops the cuts that were not yet decided after `count` tokens, and what was learned since. False, with nothing
  /// changed, if that is too far in the past.
  bool go_back(std::int64_t count) noexcept;
  bool can_go_back(std::int64_t count) const noexcept;
  void clear() noexcept;

  /// For saved sessions (document_state.cpp). restore() expects the state of a document with the same memory after
  /// `count` tokens; the previous content is lost. Errors: those of the state reader.
  void save(StateWriter& state) const;
  Status restore(StateReader& state, std::int64_t count);

  /// Places of the first tokens of the blocks that were cut last, ascending.
  std::int64_t fresh_cuts() const { return fresh_; }
  std::int64_t fresh_cut(std::int64_t number) const { return cut_at(cuts_ - fresh_ + number); }
  /// Where the block begins that was open before those cuts.
  std::int64_t open_before() const { return cut_at(cuts_ - fresh_ - 1); }
  /// Where the open block begins.
  std::int64_t open() const { return cut_at(cuts_ - 1); }

  /// Whether attention from the token at this place is to be passed to learn().
  bool observes(std::int64_t place) const { return weights_.observes(place); }
  /// What one stream's attention from the token at `query`, of the open chunk, says. `index` and `attention` belong to
  /// the entries that the stream has, ascending; those behind the query have no attention. The first `sinks` entries do
  /// not count.
  ///
  /// s_i = (Σ_{O_i} attention − α Σ_{D_i} attention) / Σ attention for each delimiter i in the block size of tokens up
  /// to the query, which is in its future window F_i. O_i, the context that would be kept if the text were cut at i, has
  /// the size of a block and ends at i; D_i is everything older (ours). `sums` has room for one float per entry.
  void learn(std::int64_t query, std::span<const std::int64_t> index, std::span<const float> attention,
             std::int64_t sinks, std::span<float> sums) noexcept;

  /// The value of a cut before the token at `place`: the prior of its delimiter and what was learned
  /// (DelimiterWeights::gain). Where there is no delimiter, the value is below every value that a delimiter can have.
  float weight_before(std::int64_t place) const noexcept;
  Delimiter delimiter_before(std::int64_t place) const noexcept;

 private:
  std::int32_t token(std::int64_t place) const { return memory_.token_ids[place % memory_.token_count]; }
  std::int64_t cut_at(std::int64_t number) const { return memory_.cut_places[number % memory_.cut_count]; }
  std::uint8_t class_of(std::int64_t place) const noexcept;
  std::int32_t key_before(std::int64_t place, Delimiter kind) const noexcept;
  void expect_observations(std::int64_t first, std::int64_t count) noexcept;
  std::int64_t choose_cut(std::int64_t start) const noexcept;
  void cut_open_block() noexcept;
  /// Tokens that must be known before the block that begins at `start` is cut.
  std::int64_t decided_at(std::int64_t start) const { return start + known_before_cut(shape_.block_size); }

  DocumentMemory memory_;
  std::span<const std::uint8_t> classes_;
  DocumentShape shape_;
  DelimiterWeights weights_;
  std::int64_t cuts_ = 0;  ///< cuts made since clear(); the last ones are kept
  std::int64_t fresh_ = 0;
  std::int64_t written_ = 0;  ///< tokens whose ids were ever written: those older than the ring holds are gone
};

}  // namespace brim::kv
