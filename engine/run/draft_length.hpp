// How many tokens to draft. A pass over 1 + k tokens costs more than a pass over a single token, and yields 1 + (the
// drafts that are accepted) tokens. Both sides are learned while the text is generated: how often drafts are right,
// depending on the length of the earlier text that they continue (counted also for drafts that no pass verified), and,
// from the clock, what further tokens in a pass cost. The first further token is often nearly free, because loading the
// weights takes longer than multiplying by them; after that, each one costs about the same. Speculation starts only
// where it pays, and stops where it no longer does. Costs are learned in passes over this text alone.
#pragma once

#include <array>
#include <cstddef>

#include "engine/base/state.hpp"

namespace brim::run {

/// Plain numbers; one thread.
class DraftLength {
 public:
  /// The number of drafts, 0 to `max`, that promises the most tokens for the time, when the text agrees with an
  /// earlier range of itself over `match` tokens. `others`: certain tokens of other texts in the same pass; the more of
  /// them, the less a draft adds to what the pass yields.
  int choose(int match, int max, int others = 0) noexcept;

  /// A draft after `match` agreeing tokens was right, or was not.
  void note_draft(int match, bool right) noexcept;
  /// A pass over `tokens` tokens took this many seconds.
  void note_pass(int tokens, double seconds) noexcept;

  /// What was learned, for saved sessions. Errors: those of the state reader.
  void save(StateWriter& state) const;
  Status restore(StateReader& state);

  double chance(int match) const { return chance_[bucket(match)]; }
  /// The cost of a pass over 1 + `drafts` tokens, where one over a single token costs 1.
  double cost(int drafts) const { return cost(drafts, second_, further_); }

 private:
  static std::size_t bucket(int match);
  static double cost(int drafts, double second, double further);
  int best(int match, int max, int others, double second, double further) const noexcept;

  static constexpr double kFirstCost = 0.25;  ///< of each further token, before anything was measured

  std::array<double, 5> chance_{0.2, 0.2, 0.2, 0.2, 0.2};
  double second_ = kFirstCost;   ///< what the second token of a pass adds
  double further_ = kFirstCost;  ///< what each one after it adds
  double single_seconds_ = 0;    ///< of a pass over one token; 0: none seen yet
  int since_single_ = 0;         ///< passes since the last one over a single token
};

}  // namespace brim::run
