// Mirostat (Basu et al. 2020, its first algorithm): estimates the exponent s of Zipf's law from the 100 most likely
// tokens, derives the k that would give the surprise mu, and draws from the top k.
#include <algorithm>

#include "engine/generate/portable_math.hpp"
#include "engine/generate/samplers/surprise_target.hpp"

namespace brim::generate {
namespace {

constexpr std::size_t kEstimatedFrom = 100;

double power(double base, double exponent) { return portable_exp(exponent * portable_log(base)); }

class Mirostat final : public SurpriseTarget {
 public:
  Mirostat(double tau, double eta, std::int64_t vocabulary_size)
      : SurpriseTarget(tau, eta), vocabulary_(static_cast<double>(vocabulary_size)) {}

 private:
  void cut(Candidates& candidates, double mu) const noexcept override {
    candidates.sort_first(kEstimatedFrom);
    const std::size_t k = kept_candidates(candidates, mu);
    candidates.sort_first(k);
    candidates.keep_first(k);
  }

  std::size_t kept_candidates(const Candidates& candidates, double mu) const noexcept {
    const std::size_t count = std::min(candidates.size(), kEstimatedFrom);
    double products = 0, squares = 0;  // least squares: log(p_i / p_i+1) against log((i + 2) / (i + 1)), no offset
    for (std::size_t index = 0; index + 1 < count; ++index) {
      const double step = portable_log(static_cast<double>(index + 2) / static_cast<double>(index + 1));
      const double fall = static_cast<double>(candidates[index].logit) - candidates[index + 1].logit;
      products += step * fall;
      squares += step * step;
    }
    if (!(products > 0)) return candidates.size();  // flat as far as we see (or one candidate): nothing to cut at
    const double s = products / squares;
    const double excess = s - 1;
    // epsilon / (1 − N^−epsilon), whose limit at 0 is 1 / log N.
    const double scale =
        std::max(excess, -excess) < 1e-9 ? 1 / portable_log(vocabulary_) : excess / (1 - power(vocabulary_, -excess));
    const double k = power(scale * power(2, mu), 1 / s);
    if (!(k > 1)) return 1;
    return k < static_cast<double>(candidates.size()) ? static_cast<std::size_t>(k) : candidates.size();
  }

  double vocabulary_;
};

}  // namespace

std::unique_ptr<Picker> make_mirostat(const SamplingOptions& options, std::int64_t vocabulary_size) {
  if (options.mirostat != 1) return nullptr;
  return std::make_unique<Mirostat>(options.mirostat_tau, options.mirostat_eta, vocabulary_size);
}

}  // namespace brim::generate
