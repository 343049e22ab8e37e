// Temperature 0: the most likely token, the lowest id among equals.
#include "engine/generate/samplers/sampler_kinds.hpp"

namespace brim::generate {
namespace {

class Greedy final : public Picker {
 public:
  TokenId pick(Candidates& candidates, Random&) noexcept override {
    Candidate best = candidates[0];
    for (const Candidate& candidate : candidates.all()) {
      if (candidate.logit > best.logit) best = candidate;
    }
    return best.id;
  }
};

}  // namespace

std::unique_ptr<Picker> make_greedy(const SamplingOptions& options, std::int64_t) {
  if (options.temperature > 0) return nullptr;
  return std::make_unique<Greedy>();
}

}  // namespace brim::generate
