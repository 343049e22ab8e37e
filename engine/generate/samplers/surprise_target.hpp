// What both versions of mirostat (Basu et al. 2020) share: a bound mu on the surprise of a token, in bits, which every
// pick moves by eta · (surprise − tau), so that the surprise of the text stays near tau. The versions differ in how
// they drop candidates at mu.
#pragma once

#include "engine/generate/portable_math.hpp"
#include "engine/generate/samplers/sampler_kinds.hpp"

namespace brim::generate {

class SurpriseTarget : public Picker {
 public:
  SurpriseTarget(double tau, double eta) : tau_(tau), eta_(eta), mu_(2 * tau) {}

  /// Drops candidates, draws one of the rest, and moves mu. As in llama.cpp the surprise is measured after the cut.
  TokenId pick(Candidates& candidates, Random& random) noexcept final {
    cut(candidates, mu_);
    const double sum = candidates.weigh();
    const std::size_t index = draw_index(candidates, sum, random);
    const double surprise = -portable_log(candidates.weights()[index] / sum) / kLog2;
    mu_ -= eta_ * (surprise - tau_);
    return candidates[index].id;
  }

  void reset() noexcept final { mu_ = 2 * tau_; }
  double learned() const noexcept final { return mu_; }
  void resume(double mu) noexcept final { mu_ = mu; }

 protected:
  static constexpr double kLog2 = 0x1.62e42fefa39efp-1;

 private:
  /// Drops the candidates that are too surprising for `mu`; at least one must stay.
  virtual void cut(Candidates& candidates, double mu) const noexcept = 0;

  double tau_, eta_, mu_;
};

}  // namespace brim::generate
