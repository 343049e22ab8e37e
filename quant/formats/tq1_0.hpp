// TQ1_0: 256 values, one scale, levels -1, 0, 1, five of them to a byte. value = scale · (quant − 1). Read only.
//
//   byte  0                              48        52       53
//        +------------------------------+---------+--------+
//        | quants[48]                   | rest[4] | scale  |
//        +------------------------------+---------+--------+
//   A byte is 256/243 of a number of five base-3 digits, rounded up, so that multiplying its fraction by three brings
//   out a digit after the other, the first in front. Digit n
//   of quants[l],      l in 0 … 31: value 32 n + l           (n: 0 … 4)
//   of quants[32 + l], l in 0 … 15: value 160 + 16 n + l     (n: 0 … 4)
//   of rest[l],        l in 0 … 3:  value 240 + 4 n + l      (n: 0 … 3)
#pragma once

#include "quant/half.hpp"

namespace brim::quant::tq1_0 {

static constexpr int kLength = 256;

struct Block {
  std::uint8_t quants[48];
  std::uint8_t rest[4];
  Half scale;
};
static_assert(sizeof(Block) == 54 && alignof(Block) == 1);

/// Writes the first `digits` digits of `count` bytes.
static inline void unpack_digits(const std::uint8_t* bytes, int count, int digits, float scale,
                                 float* values) noexcept {
  unsigned power = 1;
  for (int n = 0; n < digits; ++n, power *= 3) {
    for (int l = 0; l < count; ++l) {
      const unsigned fraction = bytes[l] * power & 255u;
      values[n * count + l] = static_cast<float>(static_cast<int>(fraction * 3 >> 8) - 1) * scale;
    }
  }
}

/// Writes 256 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float scale = load(block.scale);
  unpack_digits(block.quants, 32, 5, scale, values);
  unpack_digits(block.quants + 32, 16, 5, scale, values + 160);
  unpack_digits(block.rest, 4, 4, scale, values + 240);
}

}  // namespace brim::quant::tq1_0
