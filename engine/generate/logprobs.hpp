// The natural logarithms of tokens' probabilities: the log-softmax of the raw logits, before penalties, filters and
// temperature. Computed with portable_math.hpp, in the order of ids, so that they are equal on every machine that has
// the same logits.
#pragma once

#include <array>
#include <span>

#include "engine/text/token_id.hpp"

namespace brim::generate {

inline constexpr int kMaxTopLogprobs = 20;

struct TokenLogprob {
  TokenId id = -1;
  float logprob = 0;  ///< −infinity where the logit is
};

struct Logprobs {
  TokenLogprob chosen;
  std::array<TokenLogprob, kMaxTopLogprobs> top;  ///< the most probable first, of equal ones the lower id
  int count = 0;                                  ///< of these
};

/// `logits` are those that a token was sampled from: none is NaN or +infinity, at least one is finite, and `chosen` is
/// an index. `count` of the most probable tokens, at most kMaxTopLogprobs and as many as there are. Allocates nothing.
void find_logprobs(std::span<const float> logits, TokenId chosen, int count, Logprobs& out) noexcept;

}  // namespace brim::generate
