// Min-p (Nguyen et al. 2024): keeps the tokens that are at least p times as likely as the most likely one.
#include "engine/generate/portable_math.hpp"
#include "engine/generate/samplers/sampler_kinds.hpp"

namespace brim::generate {
namespace {

class MinP final : public Filter {
 public:
  explicit MinP(double share) : log_share_(portable_log(share)) {}

  void apply(Candidates& candidates, Random&) noexcept override {
    const double min = candidates.best_logit() + log_share_;  // p_i ≥ share · p_best, without a softmax
    candidates.keep_if([min](const Candidate& candidate) { return candidate.logit >= min; });
  }

 private:
  double log_share_;
};

}  // namespace

std::unique_ptr<Filter> make_min_p(const SamplingOptions& options, std::int64_t) {
  if (options.min_p <= 0) return nullptr;
  return std::make_unique<MinP>(options.min_p);
}

}  // namespace brim::generate
