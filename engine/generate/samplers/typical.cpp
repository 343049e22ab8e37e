// Locally typical sampling (Meister et al. 2022): keeps the tokens whose surprise is nearest to the entropy of the
// distribution, until they hold more than the share `typical_p` of the probability.
#include <algorithm>
#include <cmath>

#include "engine/generate/portable_math.hpp"
#include "engine/generate/samplers/sampler_kinds.hpp"

namespace brim::generate {
namespace {

class Typical final : public Filter {
 public:
  explicit Typical(double share) : share_(share) {}

  void apply(Candidates& candidates, Random&) noexcept override {
    const double sum = candidates.weigh();
    const double log_sum = portable_log(sum);
    const double best = candidates.best_logit();
    const std::span<const double> weights = candidates.weights();
    // −log p = log Σ − (logit − best): exact also where p itself is 0.
    double entropy = 0;
    for (std::size_t index = 0; index < candidates.size(); ++index) {
      entropy += weights[index] / sum * (log_sum - (candidates[index].logit - best));
    }
    std::size_t count = candidates.size();
    const auto ranked = scratch_of<Ranked>(candidates.scratch(), count);
    for (std::size_t index = 0; index < count; ++index) {
      const double surprise = log_sum - (candidates[index].logit - best);
      ranked[index] = {std::fabs(surprise - entropy), weights[index], candidates[index]};
    }
    const auto nearer = [](const Ranked& a, const Ranked& b) {
      return a.distance != b.distance ? a.distance < b.distance : a.candidate.id < b.candidate.id;
    };
    std::sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(count), nearer);
    double held = 0;
    for (std::size_t index = 0; index < count; ++index) {
      candidates.all()[index] = ranked[index].candidate;
      held += ranked[index].weight;
      if (held > share_ * sum) count = index + 1;
    }
    candidates.reordered();
    candidates.keep_first(count);
  }

 private:
  struct Ranked {
    double distance, weight;
    Candidate candidate;
  };
  static_assert(sizeof(Ranked) <= kScratchBytes);

  double share_;
};

}  // namespace

std::unique_ptr<Filter> make_typical(const SamplingOptions& options, std::int64_t) {
  if (options.typical_p >= 1) return nullptr;
  return std::make_unique<Typical>(options.typical_p);
}

}  // namespace brim::generate
