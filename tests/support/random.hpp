// The random numbers of tests: the same for a seed on every machine, which the distributions of the standard library
// are not.
#pragma once

#include <cstdint>

#include "engine/base/splitmix64.hpp"

namespace brim::test {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() { return splitmix64(state_); }
  /// 32 random bits.
  std::uint32_t bits() { return static_cast<std::uint32_t>(next() >> 32); }
  /// In [low, high].
  std::int64_t pick(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
  }
  /// Uniform in [−1, 1].
  float unit() { return static_cast<float>(static_cast<double>(next() >> 11) * 0x1p-53 * 2 - 1); }

 private:
  std::uint64_t state_;
};

}  // namespace brim::test
