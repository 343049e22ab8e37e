// Top-p, nucleus sampling (Holtzman et al. 2019): keeps the smallest set of most likely tokens that holds at least the
// share p.
#include "engine/generate/portable_math.hpp"
#include "engine/generate/samplers/sampler_kinds.hpp"

namespace brim::generate {
namespace {

class TopP final : public Filter {
 public:
  explicit TopP(double share) : share_(share) {}

  void apply(Candidates& candidates, Random&) noexcept override {
    const double needed = share_ * candidates.weigh();
    const double best = candidates.best_logit();
    double held = 0;
    // The nucleus is mostly small: sorting all of a large vocabulary is the last resort.
    std::size_t sorted = 0;
    for (std::size_t index = 0; index < candidates.size(); ++index) {
      if (index == sorted) {
        sorted = sorted == 0 ? 256 : sorted * 16;
        candidates.sort_first(sorted);
      }
      held += portable_exp(candidates[index].logit - best);
      if (held >= needed) {
        candidates.keep_first(index + 1);
        return;
      }
    }
  }

 private:
  double share_;
};

}  // namespace

std::unique_ptr<Filter> make_top_p(const SamplingOptions& options, std::int64_t) {
  if (options.top_p >= 1) return nullptr;
  return std::make_unique<TopP>(options.top_p);
}

}  // namespace brim::generate
