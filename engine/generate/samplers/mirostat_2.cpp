// Mirostat 2 (Basu et al. 2020, its second algorithm): drops the tokens more surprising than mu, draws from the rest, and
// moves mu by eta · (surprise − tau), so that the surprise of the text stays near tau. As in llama.cpp the surprise is
// measured after the cut.
#include <algorithm>

#include "engine/generate/portable_math.hpp"
#include "engine/generate/samplers/sampler_kinds.hpp"

namespace brim::generate {
namespace {

constexpr double kLog2 = 0x1.62e42fefa39efp-1;

class Mirostat2 final : public Picker {
 public:
  Mirostat2(double tau, double eta) : tau_(tau), eta_(eta), mu_(2 * tau) {}

  TokenId pick(Candidates& candidates, Random& random) noexcept override {
    // −log2 p ≤ mu, solved for the logit; the most likely token is kept whatever its surprise.
    const double best = candidates.best_logit();
    const double min = std::min(best, best + portable_log(candidates.weigh()) - mu_ * kLog2);
    candidates.keep_if([min](const Candidate& candidate) { return candidate.logit >= min; });
    const double sum = candidates.weigh();
    const std::size_t index = draw_index(candidates, sum, random);
    const double surprise = -portable_log(candidates.weights()[index] / sum) / kLog2;
    mu_ -= eta_ * (surprise - tau_);
    return candidates[index].id;
  }

  void reset() noexcept override { mu_ = 2 * tau_; }
  double learned() const noexcept override { return mu_; }
  void resume(double mu) noexcept override { mu_ = mu; }

 private:
  double tau_, eta_, mu_;
};

}  // namespace

std::unique_ptr<Picker> make_mirostat_2(const SamplingOptions& options, std::int64_t) {
  if (options.mirostat != 2) return nullptr;
  return std::make_unique<Mirostat2>(options.mirostat_tau, options.mirostat_eta);
}

}  // namespace brim::generate
