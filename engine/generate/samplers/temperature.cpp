// Temperature: logits divided by it, so that below 1 the likely tokens become more likely.
#include <algorithm>
#include <limits>

#include "engine/generate/samplers/sampler_kinds.hpp"

namespace brim::generate {
namespace {

class Temperature final : public Filter {
 public:
  explicit Temperature(double temperature) : temperature_(temperature) {}

  void apply(Candidates& candidates, Random&) noexcept override {
    // Measured from the best, which stays 0: no temperature, however small, can overflow the ones that matter.
    const double best = candidates.best_logit();
    constexpr double kLowest = std::numeric_limits<float>::lowest();
    for (Candidate& candidate : candidates.all()) {
      candidate.logit = static_cast<float>(std::max((candidate.logit - best) / temperature_, kLowest));
    }
  }

 private:
  double temperature_;
};

}  // namespace

std::unique_ptr<Filter> make_temperature(const SamplingOptions& options, std::int64_t) {
  if (options.temperature == 1) return nullptr;
  return std::make_unique<Temperature>(options.temperature);
}

}  // namespace brim::generate
