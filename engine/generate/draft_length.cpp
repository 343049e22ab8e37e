// See draft_length.hpp.
#include "engine/generate/draft_length.hpp"

#include <algorithm>

namespace brim::generate {
namespace {

constexpr double kChanceStep = 1.0 / 8;   // how fast a chance follows what was seen
constexpr double kTimeStep = 1.0 / 8;     // and a time
constexpr double kForget = 1.0 / 64;      // how fast a cost that forbids guessing fades, so that it is measured again
constexpr double kFirstCost = 0.25;
constexpr double kLeastGain = 1.05;       // below this, the noise of the estimates is all there is to win

}  // namespace

std::size_t DraftLength::bucket(int match) {
  if (match <= 3) return match <= 2 ? 0 : 1;
  if (match <= 5) return 2;
  return match <= 9 ? 3 : 4;
}

int DraftLength::choose(int match, int most) noexcept {
  const auto best_for = [&](double cost) {
    double chance = 1, tokens = 1, best_rate = kLeastGain;
    int best = 0;
    for (int count = 1; count <= most; ++count) {
      chance *= chance_[bucket(match + count - 1)];
      tokens += chance;
      const double rate = tokens / (1 + cost * count);
      if (rate <= best_rate) continue;
      best_rate = rate;
      best = count;
    }
    return best;
  };
  const int best = best_for(cost_);
  if (best == 0 && cost_ > kFirstCost && best_for(kFirstCost) > 0) cost_ += kForget * (kFirstCost - cost_);
  return best;
}

void DraftLength::note_guess(int match, bool right) noexcept {
  double& chance = chance_[bucket(match)];
  chance += kChanceStep * ((right ? 1.0 : 0.0) - chance);
}

void DraftLength::note_pass(int tokens, double seconds) noexcept {
  if (tokens == 1) {
    // One pass that was interrupted must not make all others look cheap.
    const double bounded = single_seconds_ > 0 ? std::min(seconds, 2 * single_seconds_) : seconds;
    single_seconds_ = single_seconds_ > 0 ? single_seconds_ + kTimeStep * (bounded - single_seconds_) : seconds;
  } else if (single_seconds_ > 0) {
    const double cost = std::clamp((seconds / single_seconds_ - 1) / (tokens - 1), 0.0, 1.0);
    cost_ += kTimeStep * (cost - cost_);
  }
}

}  // namespace brim::generate
