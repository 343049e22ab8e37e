// Each filter's arithmetic on distributions small enough to calculate by hand, and mirostat's.
#include "tests/engine/generate/sampling.hpp"

using namespace brim::test;
using brim::TokenId;

namespace {

const std::vector<double> kFive = {0.1, 0.4, 0.05, 0.25, 0.2};
using Tokens = std::set<TokenId>;

}  // namespace

TEST_CASE("top-k keeps the k most likely") {
  SamplingOptions options = plain();
  options.top_k = 2;
  CHECK(support(options, logits_of(kFive)) == Tokens{1, 3});
  Sampler sampler = make(options, 5);
  CHECK(chi_square(draws(sampler, logits_of(kFive), 40000), {0, 0.4, 0, 0.25, 0}, 40000) < 30);
  for (const int off : {0, -1, 5, 1000}) {
    options.top_k = off;
    CHECK(support(options, logits_of(kFive)).size() == 5);
  }
  options.top_k = 2;
  CHECK(support(options, {1, 1, 1, 1}) == Tokens{0, 1});  // equal logits: the lower ids
}

TEST_CASE("top-p keeps the fewest that hold the share") {
  SamplingOptions options = plain();
  const std::vector<std::pair<double, Tokens>> cases = {
      {0, {1}}, {0.39, {1}}, {0.41, {1, 3}}, {0.66, {1, 3, 4}}, {0.86, {0, 1, 3, 4}}, {0.96, {0, 1, 2, 3, 4}}};
  for (const auto& [share, tokens] : cases) {
    options.top_p = share;
    CHECK(support(options, logits_of(kFive)) == tokens);
  }
}

TEST_CASE("top-p in a vocabulary where the nucleus is larger than its first draft" *
          doctest::test_suite("above the kernels")) {
  SamplingOptions options = plain();
  options.top_p = 0.5;
  std::vector<float> logits(20000, 0.0f);
  Sampler sampler = make(options, logits.size());
  TokenId highest = 0;
  for (int draw = 0; draw < 1000; ++draw) highest = std::max(highest, sampler.sample(logits, {}));
  CHECK(highest < 10001);  // of 20,000 equal tokens the lower half
  CHECK(highest > 9000);
}

TEST_CASE("min-p keeps what is at least p times as likely as the best") {
  SamplingOptions options = plain();
  const std::vector<std::pair<double, Tokens>> cases = {
      {1, {1}}, {0.63, {1}}, {0.61, {1, 3}}, {0.49, {1, 3, 4}}, {0.24, {0, 1, 3, 4}}, {0.12, {0, 1, 2, 3, 4}}};
  for (const auto& [share, tokens] : cases) {
    options.min_p = share;
    CHECK(support(options, logits_of(kFive)) == tokens);
  }
}

TEST_CASE("typical keeps what is nearest to the entropy") {
  // H of .4 .25 .2 .1 .05 is 1.415 nats; |−log p − H|: .4 → .499, .25 → .029, .2 → .194, .1 → .888, .05 → 1.581.
  SamplingOptions options = plain();
  const std::vector<std::pair<double, Tokens>> cases = {
      {0, {3}}, {0.24, {3}}, {0.26, {3, 4}}, {0.46, {1, 3, 4}}, {0.86, {0, 1, 3, 4}}, {0.96, {0, 1, 2, 3, 4}}};
  for (const auto& [share, tokens] : cases) {
    options.typical_p = share;
    CHECK(support(options, logits_of(kFive)) == tokens);
  }
  options.typical_p = 0.5;
  options.top_p = 0.4;  // must not rely on the order that typical leaves: .25 + .2 is less than .4's own share
  CHECK(support(options, logits_of(kFive)) == Tokens{1});
}

TEST_CASE("XTC leaves only the least likely of those above the threshold") {
  SamplingOptions options = plain();
  options.xtc_probability = 1;
  const std::vector<std::pair<double, Tokens>> cases = {{0.45, {0, 1, 2, 3, 4}}, {0.3, {0, 1, 2, 3, 4}},
                                                        {0.24, {0, 2, 3, 4}},    {0.19, {0, 2, 4}},
                                                        {0.09, {0, 2}},          {0, {2}},
                                                        {0.51, {0, 1, 2, 3, 4}}};
  for (const auto& [threshold, tokens] : cases) {
    options.xtc_threshold = threshold;
    CHECK(support(options, logits_of(kFive)) == tokens);
  }
  options.xtc_threshold = 0.25;
  CHECK(support(options, {2, 2, 2, 1}) == Tokens{2, 3});  // equal logits: the last of them stays
}

TEST_CASE("XTC happens as often as its probability says") {
  SamplingOptions options = plain();
  options.xtc_probability = 0.3;
  options.xtc_threshold = 0.24;
  Sampler sampler = make(options, 5);
  // Without it the shares are unchanged; with it .4 is filtered out.
  std::vector<double> shares;
  for (std::size_t token = 0; token < 5; ++token) {
    shares.push_back(0.7 * kFive[token] + (token == 1 ? 0 : 0.3 * kFive[token] / 0.6));
  }
  CHECK(chi_square(draws(sampler, logits_of(kFive), 40000), shares, 40000) < 30);
}

TEST_CASE("mirostat 2 cuts at its surprise, which moves towards tau") {
  // Surprises of .1 .4 .05 .25 .2 in bits: 3.32 1.32 4.32 2 2.32. mu begins at 2 tau; eta 0 leaves it there.
  SamplingOptions options = plain();
  options.mirostat = 2;
  options.mirostat_eta = 0;
  const std::vector<std::pair<double, Tokens>> cases = {{0, {1}},         {0.7, {1}},          {1.01, {1, 3}},
                                                        {1.2, {1, 3, 4}}, {1.7, {0, 1, 3, 4}}, {2.2, {0, 1, 2, 3, 4}}};
  for (const auto& [tau, tokens] : cases) {
    options.mirostat_tau = tau;
    CHECK(support(options, logits_of(kFive)) == tokens);
  }
}

TEST_CASE("mirostat 1 cuts at the k of its estimate") {
  // A Zipf law of exponent 2 over 1000 tokens: s = 2, so k = sqrt(2^mu / (1 − 1/1000)), and mu = 2 tau.
  std::vector<float> logits;
  for (int rank = 1; rank <= 1000; ++rank) logits.push_back(static_cast<float>(-2 * std::log(rank)));
  SamplingOptions options = plain();
  options.mirostat = 1;
  options.mirostat_eta = 0;
  const std::vector<std::pair<double, TokenId>> cases = {{0, 1}, {1.01, 2}, {1.6, 3}, {2.01, 4}, {2.4, 5}};
  for (const auto& [tau, k] : cases) {
    options.mirostat_tau = tau;
    const Tokens tokens = support(options, logits);
    CHECK(*tokens.rbegin() == k - 1);
  }
}

TEST_CASE("mirostat keeps the mean surprise near tau" * doctest::test_suite("above the kernels")) {
  std::vector<float> logits;
  for (int rank = 1; rank <= 5000; ++rank) logits.push_back(static_cast<float>(-1.1 * std::log(rank)));
  for (const int version : {1, 2}) {
    SamplingOptions options = plain();
    options.mirostat = version;
    options.mirostat_tau = 3;
    Sampler sampler = make(options, logits.size());
    // Without feedback the first cut (mu = 6) holds all tokens up to 6 bits; the mean settles because mu moves.
    double distinct = 0;
    std::map<TokenId, int> counts = draws(sampler, logits, 6000);
    double entropy = 0;
    for (const auto& [token, count] : counts) {
      entropy -= count / 6000.0 * std::log2(count / 6000.0);
      ++distinct;
    }
    CHECK(distinct > 4);
    CHECK(entropy == doctest::Approx(3).epsilon(0.15));
  }
}
