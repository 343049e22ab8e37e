// The usual end of the chain: one of the candidates that are left, each as often as its probability says.
#include "engine/generate/samplers/sampler_kinds.hpp"

namespace brim::generate {

std::size_t draw_index(const Candidates& candidates, double sum, Random& random) noexcept {
  const double target = random.unit() * sum;
  const std::span<const double> weights = candidates.weights();
  double held = 0;
  std::size_t last = 0;  // rounding may leave `target` just above the last partial sum
  for (std::size_t index = 0; index < candidates.size(); ++index) {
    if (weights[index] <= 0) continue;
    last = index;
    held += weights[index];
    if (target < held) break;
  }
  return last;
}

namespace {

class Draw final : public Picker {
 public:
  TokenId pick(Candidates& candidates, Random& random) noexcept override {
    const double sum = candidates.weigh();
    return candidates[draw_index(candidates, sum, random)].id;
  }
};

}  // namespace

std::unique_ptr<Picker> make_draw(const SamplingOptions&, std::int64_t) { return std::make_unique<Draw>(); }

}  // namespace brim::generate
