// Random numbers for sampling: xoshiro256** (Blackman and Vigna, 2018), seeded through SplitMix64. Our own arithmetic
// throughout, because the distributions of the standard library differ between implementations.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

#include "engine/base/splitmix64.hpp"

namespace brim::generate {

class Random {
 public:
  explicit Random(std::uint64_t seed) { restart(seed); }

  void restart(std::uint64_t seed) {
    // Neighbouring seeds give unrelated states, never all zero.
    for (std::uint64_t& word : words_) word = splitmix64(seed);
  }

  std::uint64_t next() {
    const std::uint64_t result = std::rotl(words_[1] * 5, 7) * 9;
    const std::uint64_t shifted = words_[1] << 17;
    words_[2] ^= words_[0];
    words_[3] ^= words_[1];
    words_[1] ^= words_[2];
    words_[0] ^= words_[3];
    words_[2] ^= shifted;
    words_[3] = std::rotl(words_[3], 45);
    return result;
  }

  /// The state of the generator: what follows depends on nothing else.
  std::span<const std::uint64_t, 4> words() const { return words_; }
  void resume(std::span<const std::uint64_t, 4> words) { std::copy(words.begin(), words.end(), words_); }

  /// Uniform in [0, 1), on a grid of 2^−53.
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t words_[4];
};

}  // namespace brim::generate
