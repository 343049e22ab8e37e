// Brim's exp and log compared with the C library's, and the generator compared with its published recurrence.
#include "engine/generate/portable_math.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "engine/generate/random.hpp"

using namespace brim::generate;

TEST_CASE("exp is right to a few units in the last place") {
  double worst = 0;
  for (double x = -708; x <= 700; x += 0.0137) {
    worst = std::max(worst, std::fabs(portable_exp(x) / std::exp(x) - 1));
  }
  CHECK(worst < 1e-15);
  CHECK(portable_exp(0) == 1);
  CHECK(portable_exp(-708.5) == 0);
  CHECK(portable_exp(-INFINITY) == 0);
  CHECK(portable_exp(NAN) == 0);
}

TEST_CASE("log is right to a few units in the last place") {
  double worst = 0;
  for (double x = 1e-320; x < 1e300; x *= 1.000937) {
    const double right = std::log(x);
    worst = std::max(worst, std::fabs(portable_log(x) - right) / std::max(1e-3, std::fabs(right)));
  }
  CHECK(worst < 1e-15);
  CHECK(portable_log(1) == 0);
  CHECK(portable_log(0) == -INFINITY);
  CHECK(portable_log(-1) == -INFINITY);
  CHECK(portable_log(INFINITY) == INFINITY);
}

TEST_CASE("the generator is xoshiro256** seeded by SplitMix64") {
  // SplitMix64 from 0 begins e220a8397b1dcdaf, 6e789e6aa1b965f4 (published with it); xoshiro's first output is
  // rotl(second word · 5, 7) · 9.
  Random random(0);
  const std::uint64_t second = 0x6e789e6aa1b965f4ULL;
  CHECK(random.next() == std::rotl(second * 5, 7) * 9);
  double sum = 0, min = 1, max = 0;
  for (int draw = 0; draw < 100000; ++draw) {
    const double unit = random.unit();
    sum += unit;
    min = std::min(min, unit);
    max = std::max(max, unit);
  }
  CHECK(min >= 0);
  CHECK(max < 1);
  CHECK(sum / 100000 == doctest::Approx(0.5).epsilon(0.01));
}
