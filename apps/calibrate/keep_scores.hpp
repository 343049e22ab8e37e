// Fits the scores that kv.keep=learned gives entries (kv/learned_scores.hpp): windows of a text are processed with the
// whole cache, each piece is replayed, and a ridge regression per layer predicts, from attention's input at each token,
// the logarithm of the largest attention that the replay gives to its entry (model/look_scores.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "apps/calibrate/sensitivity.hpp"
#include "engine/model/score_file.hpp"

namespace brim::apps {

/// λ of the regression, as a share of the mean of the inputs' sums of squares (ours).
inline constexpr double kRidge = 1e-3;
/// The first tokens of a window have the attention of sinks, which are kept anyway: no example comes from them.
inline constexpr std::size_t kLeftOut = 4;
/// Every window with this remainder is not fitted to, but says how well the others predict (R²).
inline constexpr std::size_t kHeldOutOf = 4;

/// Whether window `number` of `count` is held out: every fourth, and the last one where there are fewer than four.
constexpr bool held_out(std::size_t number, std::size_t count) {
  return count < kHeldOutOf ? number + 1 == count : number % kHeldOutOf == kHeldOutOf - 1;
}

/// Fits to `windows` (at least two) of the same length. As many layers at a time as `max_bytes` holds the sums of, at
/// least one: each group takes one more pass over the windows. `progress` is called with windows done and the total.
/// Errors: those of processing tokens; invalid_argument for windows too short for a piece and its replay; cancelled.
Result<kv::LearnedScores> fit_scores(const Measuring& with, std::span<const Window> windows, std::size_t max_bytes,
                                     const std::function<bool(std::int64_t done, std::int64_t total)>& progress);

/// A table of R² per layer; as JSON {"r2": […], "hash": …}.
std::string scores_report(const kv::LearnedScores& scores);
std::string scores_json(const kv::LearnedScores& scores);

}  // namespace brim::apps
