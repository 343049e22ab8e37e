// See learned_scores.hpp. Products of two floats are exact in double, so that fused products would change nothing; the
// file is nevertheless compiled without them, as distinctness.cpp is.
#include "engine/kv/learned_scores.hpp"

#include <bit>
#include <cstdio>

#include "engine/base/hash.hpp"

namespace brim::kv {

std::string score_hash(const LearnedScores& scores) {
  Hash hash;
  hash.number(scores.width);
  for (const LayerScores& layer : scores.layers) {
    hash.number(layer.heads);
    hash.number(std::bit_cast<std::uint32_t>(layer.r2));
    hash.number(layer.weights.size());
    hash.add(layer.weights.data(), layer.weights.size() * sizeof(float));
  }
  char text[32];
  std::snprintf(text, sizeof text, "fnv1a-%016llx", static_cast<unsigned long long>(hash.value()));
  return text;
}

float learned_score(const float* weights, const float* input, std::int64_t width) noexcept {
  constexpr int kSums = 8;
  double sums[kSums] = {};
  const std::int64_t whole = width - width % kSums;
  for (std::int64_t first = 0; first < whole; first += kSums) {
    for (int i = 0; i < kSums; ++i) sums[i] += double{weights[first + i]} * double{input[first + i]};
  }
  for (std::int64_t d = whole; d < width; ++d) sums[d - whole] += double{weights[d]} * double{input[d]};
  const double sum = ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
  return static_cast<float>(sum + double{weights[width]});
}

}  // namespace brim::kv
