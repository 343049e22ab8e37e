// How many tokens are worth guessing? A pass over 1 + k tokens costs more than one over a single token, and yields
// 1 + (the guesses that turn out right). Both sides are learned while the text is written: how often guesses are right,
// by how long a stretch of text they continue — noted also for guesses that nobody verified —, and what a further token
// in a pass costs, from the clock. Guessing starts only where it pays, and stops where it no longer does.
#pragma once

#include <array>

namespace brim::generate {

/// Plain numbers; one thread.
class DraftLength {
 public:
  /// The number of guesses, 0 … most, that promises the most tokens for the time, when the text agrees with an earlier
  /// part of itself over `match` tokens.
  int choose(int match, int most) noexcept;

  /// A guess after `match` agreeing tokens was right, or was not.
  void note_guess(int match, bool right) noexcept;
  /// A pass over `tokens` tokens took so long.
  void note_pass(int tokens, double seconds) noexcept;

  double chance(int match) const { return chance_[bucket(match)]; }
  /// The cost of one more token in a pass, where a pass over one token costs 1.
  double cost() const { return cost_; }

 private:
  static std::size_t bucket(int match);

  std::array<double, 5> chance_{0.2, 0.2, 0.2, 0.2, 0.2};
  double cost_ = 0.25;
  double single_seconds_ = 0;  ///< of a pass over one token; 0: none seen yet
};

}  // namespace brim::generate
