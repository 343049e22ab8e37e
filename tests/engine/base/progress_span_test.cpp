// Several phases of one job as one progress.
#include "engine/base/progress_span.hpp"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

using namespace brim;

TEST_CASE("each phase gets its span of the total, whatever it counts in") {
  std::vector<std::pair<long long, long long>> calls;
  bool go_on = true;
  const Progress whole = [&](long long done, long long total) {
    calls.emplace_back(done, total);
    return go_on;
  };
  const Progress first = progress_span(whole, 0, 50, 200), second = progress_span(whole, 50, 200, 200);
  CHECK(first(0, 4));
  CHECK(first(1, 4));
  CHECK(first(4, 4));
  CHECK(second(0, 1'000'000'000'000));
  CHECK(second(999'999'999'999, 1'000'000'000'000));
  CHECK(second(7, 5));  // more than the total
  CHECK(second(0, 0));  // nothing to do: done
  go_on = false;
  CHECK(!second(1, 1));
  const std::vector<std::pair<long long, long long>> expected{{0, 200},   {12, 200},  {50, 200},  {50, 200},
                                                              {199, 200}, {200, 200}, {200, 200}, {200, 200}};
  CHECK(calls == expected);
  CHECK(!progress_span({}, 0, 1, 2));
}
