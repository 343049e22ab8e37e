// See pace.hpp.
#include "engine/schedule/pace.hpp"

#include <algorithm>

#include "engine/run/prompt_cuts.hpp"

namespace brim::schedule {
namespace {

constexpr std::int64_t kMaxTokens = std::int64_t{1} << 20;  // any number that no chunk reaches
constexpr double kNewest = 0.25;                            // weight of the newest measurement

void learn(double& known, double measured) noexcept {
  known = known == 0 ? measured : known + kNewest * (measured - known);
}

}  // namespace

double Pace::bound() const noexcept { return std::max(kMaxSlowdown * alone_, max_gap_); }

std::int64_t Pace::tokens(bool generating) const noexcept {
  if (!generating) return kMaxTokens;
  if (pause_) return 0;
  if (per_token_ == 0) return run::kPromptBlock;
  const double fitting = (bound() - alone_) / per_token_ / static_cast<double>(run::kPromptBlock);
  const double max_blocks = static_cast<double>(kMaxTokens / run::kPromptBlock);
  return run::kPromptBlock * static_cast<std::int64_t>(std::clamp(fitting, 1.0, max_blocks));
}

void Pace::note(bool generating, std::int64_t tokens, double seconds) noexcept {
  seconds = std::max(seconds, 0.0);
  pause_ = generating && tokens > 0 && seconds > bound();
  if (tokens > 0) {
    const double added = generating ? std::max(seconds - alone_, 0.0) : seconds;
    learn(per_token_, added / static_cast<double>(tokens));
  } else if (generating) {
    learn(alone_, seconds);
  }
}

}  // namespace brim::schedule
