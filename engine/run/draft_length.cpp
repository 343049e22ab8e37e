// See draft_length.hpp.
#include "engine/run/draft_length.hpp"

#include <algorithm>

namespace brim::run {
namespace {

constexpr double kChanceStep = 1.0 / 8;  // how fast a chance follows the observations
constexpr double kTimeStep = 1.0 / 8;    // how fast a time follows them
constexpr double kDecay = 1.0 / 64;      // decay of a cost that prevents speculation, to have it measured again
constexpr double kMinGain = 1.05;        // below this, the noise of the estimates is all there is to win
constexpr int kMeasureAgain = 100;       // passes; the cost of a single token grows with the text

}  // namespace

std::size_t DraftLength::bucket(int match) {
  if (match <= 3) return match <= 2 ? 0 : 1;
  if (match <= 5) return 2;
  return match <= 9 ? 3 : 4;
}

double DraftLength::cost(int drafts, double second, double further) {
  return drafts == 0 ? 1 : 1 + second + further * (drafts - 1);
}

int DraftLength::best(int match, int max, int others, double second, double further) const noexcept {
  double chance = 1, tokens = 1 + others, best_rate = kMinGain * tokens / cost(others, second, further);
  int found = 0;
  for (int drafts = 1; drafts <= max; ++drafts) {
    chance *= chance_[bucket(match + drafts - 1)];
    tokens += chance;
    const double rate = tokens / cost(others + drafts, second, further);
    if (rate <= best_rate) continue;
    best_rate = rate;
    found = drafts;
  }
  return found;
}

int DraftLength::choose(int match, int max, int others) noexcept {
  if (others > 0) return best(match, max, others, second_, further_);
  if (since_single_ >= kMeasureAgain) return 0;
  const int found = best(match, max, 0, second_, further_);
  if (found == 0 && best(match, max, 0, std::min(second_, kFirstCost), std::min(further_, kFirstCost)) > 0) {
    second_ += kDecay * (std::min(second_, kFirstCost) - second_);
    further_ += kDecay * (std::min(further_, kFirstCost) - further_);
  }
  return found;
}

void DraftLength::note_draft(int match, bool right) noexcept {
  double& chance = chance_[bucket(match)];
  chance += kChanceStep * ((right ? 1.0 : 0.0) - chance);
}

void DraftLength::note_pass(int tokens, double seconds) noexcept {
  if (tokens == 1) {
    // One pass that was interrupted must not make all others look cheap.
    const double bounded = single_seconds_ > 0 ? std::min(seconds, 2 * single_seconds_) : seconds;
    single_seconds_ = single_seconds_ > 0 ? single_seconds_ + kTimeStep * (bounded - single_seconds_) : seconds;
    since_single_ = 0;
    return;
  }
  if (single_seconds_ <= 0) return;
  ++since_single_;
  const double added = seconds / single_seconds_ - 1;
  if (tokens == 2) {
    second_ += kTimeStep * (std::clamp(added, 0.0, 1.0) - second_);
  } else {
    further_ += kTimeStep * (std::clamp((added - second_) / (tokens - 2), 0.0, 1.0) - further_);
  }
}

void DraftLength::save(StateWriter& state) const {
  for (const double chance : chance_) state.real(chance);
  for (const double value : {second_, further_, single_seconds_}) state.real(value);
  state.number(since_single_);
}

Status DraftLength::restore(StateReader& state) {
  constexpr double kLongestPass = 1e6;
  for (double& chance : chance_) BRIM_TRY(state.real("chance of a draft", 0, 1, chance));
  BRIM_TRY(state.real("cost of a second token", 0, 1, second_));
  BRIM_TRY(state.real("cost of a further token", 0, 1, further_));
  BRIM_TRY(state.real("seconds of a pass", 0, kLongestPass, single_seconds_));
  return state.number("passes", 0, std::int64_t{1} << 30, since_single_);
}

}  // namespace brim::run
