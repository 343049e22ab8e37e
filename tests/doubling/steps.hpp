// Counts the steps that a call takes, and compares them at two sizes.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <string>

namespace brim::test {

/// Basic blocks of the counted files, plus the steps that the C library made for them, since the program began.
std::uint64_t steps_so_far();
/// Adds to the count.
void count_steps(std::uint64_t steps);

/// The steps of one call.
template <class Call>
std::uint64_t steps_of(Call&& call) {
  const std::uint64_t before = steps_so_far();
  call();
  return steps_so_far() - before;
}

/// n log n, with a margin for tables and heaps that grow by doubling.
inline constexpr double kMaxGrowth = 2.6;

/// `prepare(n)` creates an input of this size and returns a function that uses it; only the use is counted. Fails when
/// twice the size takes more than kMaxGrowth times the steps, or when there are too few steps to tell.
inline void check_doubling(const std::string& name, std::size_t n,
                           const std::function<std::function<void()>(std::size_t)>& prepare) {
  CAPTURE(name);
  const auto steps = [&](std::size_t size) {
    const std::function<void()> use = prepare(size);
    return static_cast<double>(steps_of(use));
  };
  const double once = steps(n), twice = steps(2 * n);
  CAPTURE(once);
  CAPTURE(twice);
  CHECK(once >= static_cast<double>(n) / 64);
  CHECK(twice <= kMaxGrowth * once);
}

}  // namespace brim::test
