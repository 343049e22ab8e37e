// What the sampler tests share: distributions written as probabilities, and counting draws.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "engine/generate/sampler.hpp"
#include "engine/run/sampling_memory.hpp"

namespace brim::test {

using generate::SamplingOptions;

/// A sampler with memory of its own, in the state that another one may leave it in.
class Sampler {
 public:
  static constexpr TokenId kNoToken = generate::Sampler::kNoToken;
  static Result<generate::Sampler> create(const SamplingOptions& options, std::int64_t vocabulary) {
    return generate::Sampler::create(options, vocabulary);
  }
  Sampler(generate::Sampler sampler, std::size_t vocabulary)
      : sampler_(std::move(sampler)),
        memory_(static_cast<std::size_t>(run::sampling_memory(static_cast<std::int64_t>(vocabulary))),
                std::byte{0xA5}) {}

  TokenId sample(std::span<const float> logits, std::span<const TokenId> history) {
    return sampler_.sample(logits, history, memory_);
  }
  void reset() { sampler_.reset(); }

 private:
  generate::Sampler sampler_;
  std::vector<std::byte> memory_;
};

/// Everything is off except the draw.
inline SamplingOptions plain() {
  SamplingOptions options;
  options.temperature = 1;
  options.top_k = 0;
  options.top_p = 1;
  options.min_p = 0;
  options.seed = 1;
  return options;
}

inline Sampler make(const SamplingOptions& options, std::size_t vocabulary) {
  auto sampler = Sampler::create(options, static_cast<std::int64_t>(vocabulary));
  REQUIRE(sampler.ok());
  return {std::move(sampler).value(), vocabulary};
}

/// Logits whose softmax is proportional to `shares`, away from 0 so that a mistaken sign shows.
inline std::vector<float> logits_of(const std::vector<double>& shares) {
  std::vector<float> logits;
  for (const double share : shares) logits.push_back(static_cast<float>(std::log(share) + 3));
  return logits;
}

/// How often each token was drawn in `count` draws.
inline std::map<TokenId, int> draws(Sampler& sampler, const std::vector<float>& logits, int count = 4000,
                                    const std::vector<TokenId>& history = {}) {
  std::map<TokenId, int> counts;
  for (int draw = 0; draw < count; ++draw) ++counts[sampler.sample(logits, history)];
  return counts;
}

/// The tokens that can be drawn.
inline std::set<TokenId> support(const SamplingOptions& options, const std::vector<float>& logits,
                                 const std::vector<TokenId>& history = {}) {
  Sampler sampler = make(options, logits.size());
  std::set<TokenId> tokens;
  for (const auto& [token, count] : draws(sampler, logits, 4000, history)) tokens.insert(token);
  return tokens;
}

/// Pearson's statistic of the counts against `shares`; with up to 6 of them a value above 30 is not chance (p < 2e-5).
inline double chi_square(const std::map<TokenId, int>& counts, const std::vector<double>& shares, int total) {
  double sum = 0, statistic = 0;
  for (const double share : shares) sum += share;
  for (std::size_t token = 0; token < shares.size(); ++token) {
    const auto found = counts.find(static_cast<TokenId>(token));
    const double count = found == counts.end() ? 0 : found->second;
    const double right = total * shares[token] / sum;
    if (right == 0) {
      if (count > 0) return INFINITY;
      continue;
    }
    statistic += (count - right) * (count - right) / right;
  }
  return statistic;
}

}  // namespace brim::test
