#include "engine/base/splitmix64.hpp"

#include <doctest/doctest.h>

TEST_CASE("the numbers that were published with it, one after the other and each alone") {
  const std::uint64_t published[] = {0xe220a8397b1dcdafu, 0x6e789e6aa1b965f4u, 0x06c45d188009454fu};
  std::uint64_t state = 0;
  std::uint64_t step = 0;
  for (const std::uint64_t number : published) {
    CHECK(brim::splitmix64(state) == number);
    CHECK(brim::splitmix64_at(++step * brim::kSplitMix64Step) == number);
  }
}
