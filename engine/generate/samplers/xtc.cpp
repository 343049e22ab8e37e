// XTC, "exclude top choices" (p-e-w, 2024): with some probability, keeps of the tokens above the threshold only the
// least likely one, and all tokens below. With only one token above the threshold nothing happens.
#include "engine/generate/samplers/sampler_kinds.hpp"

namespace brim::generate {
namespace {

class Xtc final : public Filter {
 public:
  Xtc(double probability, double threshold) : probability_(probability), threshold_(threshold) {}

  void apply(Candidates& candidates, Random& random) noexcept override {
    if (candidates.size() < 2 || random.unit() >= probability_) return;
    const double min = threshold_ * candidates.weigh();
    const std::span<const double> weights = candidates.weights();
    std::size_t above = 0, last = 0;  // `last`: the least likely of those above, the highest id among equals
    for (std::size_t index = 0; index < candidates.size(); ++index) {
      if (weights[index] < min) continue;
      const Candidate &candidate = candidates[index], &lowest = candidates[last];
      const bool lower = candidate.logit != lowest.logit ? candidate.logit < lowest.logit : candidate.id > lowest.id;
      if (above++ == 0 || lower) last = index;
    }
    if (above < 2) return;
    std::size_t place = 0;
    candidates.keep_if([&, this_one = last](const Candidate&) {
      const std::size_t index = place++;
      return index == this_one || weights[index] < min;
    });
  }

 private:
  double probability_, threshold_;
};

}  // namespace

std::unique_ptr<Filter> make_xtc(const SamplingOptions& options, std::int64_t) {
  // Two tokens cannot both be above one half.
  if (options.xtc_probability <= 0 || options.xtc_threshold > 0.5) return nullptr;
  return std::make_unique<Xtc>(options.xtc_probability, options.xtc_threshold);
}

}  // namespace brim::generate
