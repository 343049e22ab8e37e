// See logprobs.hpp.
#include "engine/generate/logprobs.hpp"

#include <algorithm>
#include <cstddef>

#include "engine/generate/portable_math.hpp"

namespace brim::generate {

void find_logprobs(std::span<const float> logits, TokenId chosen, int count, Logprobs& out) noexcept {
  const auto best = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0;
  for (const float logit : logits) sum += portable_exp(static_cast<double>(logit) - best);
  const double log_sum = portable_log(sum);
  const auto entry = [&](TokenId id) {
    const auto logit = static_cast<double>(logits[static_cast<std::size_t>(id)]);
    return TokenLogprob{id, static_cast<float>((logit - best) - log_sum)};
  };
  out.chosen = entry(chosen);
  const std::size_t max = std::min({static_cast<std::size_t>(std::max(count, 0)), out.top.size(), logits.size()});
  std::array<TokenId, kMaxTopLogprobs> ids{};  // in order, by their logits
  std::size_t filled = 0;
  const auto logit_of = [&](std::size_t place) { return logits[static_cast<std::size_t>(ids[place])]; };
  for (std::size_t id = 0; id < logits.size() && max > 0; ++id) {
    if (filled == max && !(logits[id] > logit_of(filled - 1))) continue;
    std::size_t place = filled < max ? filled++ : max - 1;
    for (; place > 0 && logit_of(place - 1) < logits[id]; --place) ids[place] = ids[place - 1];
    ids[place] = static_cast<TokenId>(id);
  }
  out.count = static_cast<int>(filled);
  for (std::size_t i = 0; i < filled; ++i) out.top[i] = entry(ids[i]);
}

}  // namespace brim::generate
