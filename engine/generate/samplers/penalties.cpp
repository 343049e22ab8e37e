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
  explicit Penalties(const SamplingOptions& options)
      : last_(options.penalty_last_n),
        repeat_(options.repeat_penalty),
        frequency_(options.frequency_penalty),
        presence_(options.presence_penalty) {}

  void apply(std::span<float> logits, std::span<const TokenId> history,
             std::span<std::byte> scratch) noexcept override {
    const std::size_t length = last_ < 0 ? history.size() : std::min(history.size(), static_cast<std::size_t>(last_));
    history = history.last(length);
    const auto counts = scratch_of<std::uint32_t>(scratch, logits.size());  // by token id, of those in the history
    const auto seen = scratch_of<TokenId>(scratch.subspan(counts.size_bytes()), logits.size());
    const auto known = [&](TokenId id) { return id >= 0 && static_cast<std::size_t>(id) < logits.size(); };
    for (const TokenId id : history) {
      if (known(id)) counts[static_cast<std::size_t>(id)] = 0;
    }
    std::size_t different = 0;
    for (const TokenId id : history) {
      if (known(id) && counts[static_cast<std::size_t>(id)]++ == 0) seen[different++] = id;
    }
    for (std::size_t index = 0; index < different; ++index) {
      const auto id = static_cast<std::size_t>(seen[index]);
      double logit = logits[id];
      logit = logit <= 0 ? logit * repeat_ : logit / repeat_;
      logit -= static_cast<double>(counts[id]) * frequency_ + presence_;
      // A tiny repeat penalty is a reward and may go beyond a float: still the best token, so it stays in the race.
      logits[id] = static_cast<float>(std::min<double>(logit, std::numeric_limits<float>::max()));
    }
  }

 private:
  int last_;
  double repeat_, frequency_, presence_;
};

}  // namespace

std::unique_ptr<Adjuster> make_penalties(const SamplingOptions& options, std::int64_t) {
  const bool idle = options.repeat_penalty == 1 && options.frequency_penalty == 0 && options.presence_penalty == 0;
  if (idle || options.penalty_last_n == 0) return nullptr;
  return std::make_unique<Penalties>(options);
}

}  // namespace brim::generate
