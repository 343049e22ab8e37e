// Statistics of one head's attention, compared with their definitions.
#include "engine/model/statistics.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "tests/engine/kv/fake_model.hpp"

using brim::model::entropy;
using brim::model::min_entries_for;
using brim::model::variance_over_queries;

namespace {

std::int64_t by_sorting(std::vector<float> weights, double share) {
  double total = 0, sum = 0;
  for (const float weight : weights) total += weight;
  std::sort(weights.begin(), weights.end(), std::greater<>());
  std::int64_t count = 0;
  while (sum < total * share && count < static_cast<std::int64_t>(weights.size()))
    sum += weights[static_cast<std::size_t>(count++)];
  return count;
}

}  // namespace

TEST_CASE("least entries: known cases") {
  const auto min = [](std::vector<float> weights, double share) { return min_entries_for(weights, share); };
  CHECK(min({}, 0.9) == 0);
  CHECK(min({0, 0, 0}, 0.9) == 0);
  CHECK(min({0, 7, 0}, 0.9) == 1);
  CHECK(min({1, 1, 1, 1}, 0.5) == 2);
  CHECK(min(std::vector<float>(1000, 0.25f), 0.9) == 900);
  std::vector<float> sink(1000, 0.0001f);
  sink[17] = 0.9f;
  CHECK(min(sink, 0.9) == 1);
}

TEST_CASE("least entries: the same as sorting and counting") {
  brim::test::Random random(5);
  for (int round = 0; round < 300; ++round) {
    std::vector<float> weights(static_cast<std::size_t>(random.pick(1, 2000)));
    const bool coarse = random.pick(0, 1) == 0;  // many equal values, and zeros
    for (float& weight : weights) {
      const float unit = std::abs(random.unit());
      weight = coarse ? std::floor(unit * 8) / 8 : unit * unit * unit * unit;
    }
    const double share = 0.05 + 0.9 * std::abs(static_cast<double>(random.unit()));
    CHECK(std::abs(min_entries_for(weights, share) - by_sorting(weights, share)) <=
          1);  // sums are added in another order
  }
}

TEST_CASE("entropy and variance") {
  CHECK(entropy({}) == 0);
  CHECK(entropy(std::vector<float>{5}) == doctest::Approx(0));
  CHECK(entropy(std::vector<float>(64, 0.5f)) == doctest::Approx(std::log(64.0)));
  CHECK(entropy(std::vector<float>{1, 0, 1}) == doctest::Approx(std::log(2.0)));
  // Two queries: (1, 0) and (0, 1): each entry has the mean 1/2 and the variance 1/4.
  CHECK(variance_over_queries(std::vector<float>{1, 1}, std::vector<float>{1, 1}, 2) == doctest::Approx(0.5));
  CHECK(variance_over_queries(std::vector<float>{2, 0}, std::vector<float>{2, 0}, 2) == doctest::Approx(0));
}
