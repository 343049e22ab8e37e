// Penalties for tokens that already stand among the last `penalty_last_n`. Repetition (Keskar et al. 2019, CTRL): a
// positive logit is divided, a negative one multiplied; frequency and presence (OpenAI): subtracted per occurrence and
// once.
#include <algorithm>
#include <limits>

#include "engine/generate/samplers/sampler_kinds.hpp"

namespace brim::generate {
namespace {

class Penalties final : public Adjuster {
 public:
  Penalties(const SamplingOptions& options, std::size_t vocabulary_size)
      : last_(options.penalty_last_n),
        repeat_(options.repeat_penalty),
        frequency_(options.frequency_penalty),
        presence_(options.presence_penalty),
        counts_(vocabulary_size, 0),
        seen_(vocabulary_size, 0) {}

  void apply(std::span<float> logits, std::span<const TokenId> history) noexcept override {
    const std::size_t length = last_ < 0 ? history.size() : std::min(history.size(), static_cast<std::size_t>(last_));
    std::size_t different = 0;
    for (const TokenId id : history.last(length)) {
      if (id < 0 || static_cast<std::size_t>(id) >= logits.size()) continue;
      if (counts_[static_cast<std::size_t>(id)]++ == 0) seen_[different++] = id;
    }
    for (std::size_t index = 0; index < different; ++index) {
      const auto id = static_cast<std::size_t>(seen_[index]);
      double logit = logits[id];
      logit = logit <= 0 ? logit * repeat_ : logit / repeat_;
      logit -= static_cast<double>(counts_[id]) * frequency_ + presence_;
      // A tiny repeat penalty is a reward and may go beyond a float: still the best token, so it stays in the race.
      logits[id] = static_cast<float>(std::min<double>(logit, std::numeric_limits<float>::max()));
      counts_[id] = 0;
    }
  }

 private:
  int last_;
  double repeat_, frequency_, presence_;
  std::vector<std::uint32_t> counts_;  // by token id, all 0 between calls
  std::vector<TokenId> seen_;          // the ids whose count is not 0
};

}  // namespace

std::unique_ptr<Adjuster> make_penalties(const SamplingOptions& options, std::int64_t vocabulary_size) {
  const bool idle = options.repeat_penalty == 1 && options.frequency_penalty == 0 && options.presence_penalty == 0;
  if (idle || options.penalty_last_n == 0) return nullptr;
  return std::make_unique<Penalties>(options, static_cast<std::size_t>(vocabulary_size));
}

}  // namespace brim::generate
