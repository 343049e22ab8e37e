// The counter itself: it detects quadratic work, in the counted files and in the C library.
#include <algorithm>
#include <string>

#include "tests/doubling/steps.hpp"

using brim::test::steps_of;

namespace {

double growth(std::size_t n, void (*work)(std::size_t)) {
  const auto once = static_cast<double>(steps_of([&] { work(n); }));
  return static_cast<double>(steps_of([&] { work(2 * n); })) / once;
}

}  // namespace

TEST_CASE("a linear and a quadratic use of the C library are distinguished") {
  CHECK(growth(10000, [](std::size_t n) {
          std::string text;
          text.reserve(n);
          for (std::size_t i = 0; i < n; ++i) text.append("ab");
        }) < brim::test::kMaxGrowth);
  CHECK(growth(4000, [](std::size_t n) {
          std::string text(n, 'a');
          while (!text.empty()) text.erase(0, 1);
        }) > 3.5);
  CHECK(growth(4000, [](std::size_t n) {
          const std::string text(2 * n, 'a');
          static_cast<void>(text.find(std::string(n, 'a') + 'b'));
        }) > 3.5);
}

TEST_CASE("the same call takes the same number of steps") {
  const auto work = [] { static_cast<void>(std::string(1000, 'a').find('b')); };
  CHECK(steps_of(work) == steps_of(work));
}
