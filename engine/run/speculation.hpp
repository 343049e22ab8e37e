// Drafts of the next tokens, from the text itself: combines the lookup (what might follow) and the draft length (how
// many drafts are worth verifying) for one text. Knows no model: the sequence verifies the drafts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/run/draft_length.hpp"
#include "engine/run/lookup.hpp"

namespace brim::run {

/// Max number of rows of a pass whose logits are all computed: a token and its drafts, tokens of several sequences.
inline constexpr int kMaxTogether = 16;

struct SpeculationOptions {
  bool ngram = false;                ///< draft by prompt lookup
  int draft_max = kMaxTogether - 1;  ///< max number of drafts at once, 1 … 15
  bool eager = false;                ///< draft as many tokens as fit, whatever the cost: for tests and measurements
};

struct SpeculationCounts {
  std::int64_t drafted = 0;   ///< drafts that were verified by a pass
  std::int64_t accepted = 0;  ///< drafts that were right; each saved a pass
};

/// Borrows its memory; allocates nothing. One thread.
class Speculation {
 public:
  static std::int64_t bytes(std::int64_t context) { return Lookup::bytes(context); }
  Speculation() = default;
  /// `memory`: bytes(context), aligned for integers.
  Speculation(std::span<std::byte> memory, std::int64_t context, bool eager)
      : lookup_(memory, context), eager_(eager) {}

  /// The next token of the text is `id`: was it drafted? Called once with every token, before that token is processed.
  bool drafted(TokenId id) noexcept;
  /// [next, drafts …]: what a pass should process when `next`, which follows `text`, is processed now: at most `max`
  /// tokens, beside `others` certain tokens of other texts. Valid until the next call.
  std::span<const TokenId> propose(const TextSoFar& text, TokenId next, int max, int others = 0) noexcept;
  /// That pass took this many seconds.
  void note_pass(std::size_t tokens, double seconds) noexcept;
  /// The text continues with tokens that were not passed to this class, or was cut: nothing is drafted now.
  void drop(bool cut) noexcept;

  const SpeculationCounts& counts() const { return counts_; }

  /// What was counted and learned, for saved sessions. Pending drafts are not included, and the lookup finds its places
  /// in the text again. Errors: those of the state reader.
  void save(StateWriter& state) const;
  Status restore(StateReader& state);

 private:
  Lookup lookup_;
  DraftLength length_;
  SpeculationCounts counts_;
  bool eager_ = false;
  std::array<TokenId, kMaxTogether + 1> tokens_{};  ///< the token processed last, drafts, and one that no pass has seen
  int match_ = 0;     ///< how far the text agreed with an earlier range where the drafts began; 0: no drafts
  int known_ = 0;     ///< drafts in tokens_, from tokens_[1] on
  int verified_ = 0;  ///< how many of them are going through a pass
  int right_ = 0;     ///< how many were right so far
};

}  // namespace brim::run
