// Mirostat (Basu et al. 2020): keeps the surprise of the text near tau. It estimates the exponent s of Zipf's law from
// the 100 most likely tokens, derives the k that would give the surprise mu, draws from the top k, and moves mu by
// eta · (surprise − tau). As in llama.cpp the surprise is measured after the cut.
#include <algorithm>

#include "engine/generate/portable_math.hpp"
#include "engine/generate/samplers/sampler_kinds.hpp"

namespace brim::generate {
namespace {

constexpr std::size_t kEstimatedFrom = 100;
constexpr double kLog2 = 0x1.62e42fefa39efp-1;

double power(double base, double exponent) { return portable_exp(exponent * portable_log(base)); }

class Mirostat final : public Picker {
 public:
  Mirostat(double tau, double eta, std::int64_t vocabulary_size)
      : tau_(tau), eta_(eta), vocabulary_(static_cast<double>(vocabulary_size)), mu_(2 * tau) {}

  TokenId pick(Candidates& candidates, Random& random) noexcept override {
    candidates.sort_first(kEstimatedFrom);
    const std::size_t k = most_likely(candidates);
    candidates.sort_first(k);
    candidates.keep_first(k);
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
  std::size_t most_likely(const Candidates& candidates) const noexcept {
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
    const double k = power(scale * power(2, mu_), 1 / s);
    if (!(k > 1)) return 1;
    return k < static_cast<double>(candidates.size()) ? static_cast<std::size_t>(k) : candidates.size();
  }

  double tau_, eta_, vocabulary_, mu_;
};

}  // namespace

std::unique_ptr<Picker> make_mirostat(const SamplingOptions& options, std::int64_t vocabulary_size) {
  if (options.mirostat != 1) return nullptr;
  return std::make_unique<Mirostat>(options.mirostat_tau, options.mirostat_eta, vocabulary_size);
}

}  // namespace brim::generate
