// Drafts about the tokens to come, from the text itself: how the lookup (what might follow) and the draft length (how
// much of it is worth trying) are used for one text. Knows no model: the sequence verifies the drafts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/run/draft_length.hpp"
#include "engine/run/lookup.hpp"

namespace brim::run {

/// Tokens that may go through one pass together and still come out as each would alone: the kernels' promise.
inline constexpr int kMaxTogether = 16;

struct SpeculationOptions {
  bool ngram = false;                 ///< draft by prompt lookup
  int draft_max = kMaxTogether - 1;  ///< most drafts at once, 1 … 15
  bool eager = false;                 ///< draft as much as there is room for, whatever it costs: to test, to measure
};

struct SpeculationCounts {
  std::int64_t drafted = 0;   ///< drafts that went through a pass
  std::int64_t accepted = 0;  ///< those that turned out right, and saved a pass each
};

/// Borrows its memory; allocates nothing. One thread.
class Speculation {
 public:
  static std::int64_t bytes(std::int64_t context) { return Lookup::bytes(context); }
  Speculation() = default;
  /// `memory`: bytes(context), aligned for integers.
  Speculation(std::span<std::byte> memory, std::int64_t context, bool eager)
      : lookup_(memory, context), eager_(eager) {}

  /// The next token of the text turned out to be `id`: was it drafted? Every token is told once, before it is read.
  bool drafted(TokenId id) noexcept;
  /// [next, drafts …]: what a pass should read when `next`, which follows `text`, is read now: at most `most` tokens.
  /// Valid until the next call.
  std::span<const TokenId> propose(const TextSoFar& text, TokenId next, int max) noexcept;
  /// That pass took so long.
  void note_pass(std::size_t tokens, double seconds) noexcept;
  /// The text goes on with something that was not told, or was cut: nothing is drafted now.
  void forget(bool cut) noexcept;

  const SpeculationCounts& counts() const { return counts_; }

  /// What was counted and learned, for saved sessions; drafts under way are not part of it, and the lookup finds its
  /// places in the text again. Errors: those of the sequence.
  void save(StateWriter& state) const;
  Status restore(StateReader& state);

 private:
  Lookup lookup_;
  DraftLength length_;
  SpeculationCounts counts_;
  bool eager_ = false;
  std::array<TokenId, kMaxTogether + 1> tokens_{};  ///< the token read last, drafts, and one that no pass has seen
  int match_ = 0;     ///< how far the text agreed with an earlier part where the drafts began; 0: no drafts
  int known_ = 0;     ///< drafts in tokens_, from tokens_[1] on
  int verified_ = 0;  ///< how many of them are going through a pass
  int right_ = 0;     ///< how many turned out right so far
};

}  // namespace brim::run
