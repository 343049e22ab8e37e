// Log-softmax of raw logits, and the most probable tokens.
#include "engine/generate/logprobs.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/random.hpp"

namespace logprobs_test {

using brim::generate::Logprobs;

Logprobs found(const std::vector<float>& logits, brim::TokenId chosen, int count) {
  Logprobs out;
  brim::generate::find_logprobs(logits, chosen, count, out);
  return out;
}

TEST_CASE("logprobs are the log-softmax, the most probable first, of equal ones the lower id") {
  const Logprobs four = found({1, 3, 1, 3, 0}, 4, 4);
  const double sum = 2 * std::exp(1.0) + 2 * std::exp(3.0) + 1;
  CHECK(four.chosen.id == 4);
  CHECK(four.chosen.logprob == doctest::Approx(-std::log(sum)));
  REQUIRE(four.count == 4);
  const int ids[] = {1, 3, 0, 2};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(four.top[i].id == ids[i]);
    CHECK(four.top[i].logprob == doctest::Approx((i < 2 ? 3.0 : 1.0) - std::log(sum)));
  }
}

TEST_CASE("logprobs of large, small and impossible logits") {
  const float kNone = -std::numeric_limits<float>::infinity();
  const Logprobs large = found({1e30f, kNone, 1e30f}, 1, 20);
  CHECK(large.count == 3);
  CHECK(large.chosen.logprob == kNone);
  CHECK(large.top[0].logprob == doctest::Approx(-std::log(2.0)));
  CHECK(large.top[2].id == 1);
  CHECK(found({-1e30f, kNone}, 0, 0).chosen.logprob == 0);
  CHECK(found({-1e30f, kNone}, 0, 0).count == 0);
  CHECK(found({5}, 0, -3).count == 0);
}

TEST_CASE("logprobs of random logits: probabilities add up to one, and the order is that of a sort") {
  brim::test::Random random(5);
  for (int round = 0; round < 50; ++round) {
    std::vector<float> logits(static_cast<std::size_t>(random.pick(1, 20)));
    for (float& logit : logits) logit = static_cast<float>(random.pick(-40, 40)) / 4;
    const auto chosen = static_cast<brim::TokenId>(random.pick(0, static_cast<std::int64_t>(logits.size()) - 1));
    const Logprobs all = found(logits, chosen, 20);
    REQUIRE(all.count == static_cast<int>(logits.size()));
    double sum = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      sum += std::exp(static_cast<double>(all.top[i].logprob));
      if (i == 0) continue;
      const auto& one = all.top[i - 1];
      const auto& next = all.top[i];
      CHECK((one.logprob > next.logprob || (one.logprob == next.logprob && one.id < next.id)));
    }
    CHECK(sum == doctest::Approx(1));
    const int fewer = static_cast<int>(random.pick(0, 20));
    const Logprobs some = found(logits, chosen, fewer);
    for (std::size_t i = 0; i < static_cast<std::size_t>(some.count); ++i) CHECK(some.top[i].id == all.top[i].id);
  }
}

}  // namespace logprobs_test
