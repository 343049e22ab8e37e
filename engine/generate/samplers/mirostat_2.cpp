// Mirostat 2 (Basu et al. 2020, its second algorithm): drops the tokens more surprising than mu and draws from the rest.
#include <algorithm>

#include "engine/generate/portable_math.hpp"
#include "engine/generate/samplers/surprise_target.hpp"

namespace brim::generate {
namespace {

class Mirostat2 final : public SurpriseTarget {
 public:
  using SurpriseTarget::SurpriseTarget;

 private:
  void cut(Candidates& candidates, double mu) const noexcept override {
    // −log2 p ≤ mu, solved for the logit; the most likely token is kept whatever its surprise.
    const double best = candidates.best_logit();
    const double min = std::min(best, best + portable_log(candidates.weigh()) - mu * kLog2);
    candidates.keep_if([min](const Candidate& candidate) { return candidate.logit >= min; });
  }
};

}  // namespace

std::unique_ptr<Picker> make_mirostat_2(const SamplingOptions& options, std::int64_t) {
  if (options.mirostat != 2) return nullptr;
  return std::make_unique<Mirostat2>(options.mirostat_tau, options.mirostat_eta);
}

}  // namespace brim::generate
