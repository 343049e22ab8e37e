// How much of a prompt a pass may hold beside sequences that generate: as much as keeps the time between two of their
// tokens within a bound. Sizes come from the times that passes have taken; no answer depends on them, because prompts
// are only cut where that changes nothing (run/prompt_cuts.hpp).
#pragma once

#include <cstdint>

namespace brim::schedule {

/// One thread at a time. Allocates nothing.
class Pace {
 public:
  static constexpr double kMaxSlowdown = 3;  ///< the bound is this many times a pass without a prompt,
  /// `max_gap`: or this many seconds, whichever is longer.
  explicit Pace(double max_gap) noexcept : max_gap_(max_gap) {}

  /// Tokens of a prompt that the next pass should hold, a multiple of run::kPromptBlock; 0: none, because the last pass
  /// took too long and it is the others' turn. `generating`: whether other sequences generate in this pass.
  std::int64_t tokens(bool generating) const noexcept;
  /// A pass took `seconds`: with `tokens` tokens of a prompt, and sequences that generated or not.
  void note(bool generating, std::int64_t tokens, double seconds) noexcept;
  double bound() const noexcept;

 private:
  double max_gap_;
  double alone_ = 0;      // seconds of a pass without a prompt; 0: unknown
  double per_token_ = 0;  // that a token of a prompt adds to a pass; 0: unknown
  bool pause_ = false;
};

}  // namespace brim::schedule
