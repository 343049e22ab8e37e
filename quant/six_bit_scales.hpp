// The 12 bytes in which Q4_K and Q5_K keep 8 scales and 8 minimums of 6 bits each. Static for the reason in half.hpp.
//
//   byte  0        4        8        11
//        +--------+--------+--------+
//        | a[0-3] | b[0-3] | c[0-3] |
//        +--------+--------+--------+
//   scale   0…3 = low 6 bits of a[i]          minimum 0…3 = low 6 bits of b[i]
//   scale   4…7 = low half of c[i-4],  above it the top 2 bits of a[i-4]
//   minimum 4…7 = high half of c[i-4], above it the top 2 bits of b[i-4]
#pragma once

#include <cstdint>

namespace brim::quant {

struct SixBitPair {
  std::uint8_t scale;
  std::uint8_t minimum;
};

/// Scale and minimum number `index` (0 … 7).
static inline SixBitPair load_six_bit(const std::uint8_t* packed, int index) noexcept {
  if (index < 4)
    return {static_cast<std::uint8_t>(packed[index] & 63), static_cast<std::uint8_t>(packed[index + 4] & 63)};
  const int shared = packed[index + 4];
  return {static_cast<std::uint8_t>((shared & 15) | (packed[index - 4] >> 6) << 4),
          static_cast<std::uint8_t>((shared >> 4) | (packed[index] >> 6) << 4)};
}

/// Packs 8 scales and 8 minimums, each 0 … 63.
static inline void store_six_bit(const std::int8_t* scales, const std::int8_t* minimums,
                                 std::uint8_t* packed) noexcept {
  for (int i = 0; i < 4; ++i) {
    packed[i] = static_cast<std::uint8_t>(scales[i] | (scales[i + 4] >> 4) << 6);
    packed[i + 4] = static_cast<std::uint8_t>(minimums[i] | (minimums[i + 4] >> 4) << 6);
    packed[i + 8] = static_cast<std::uint8_t>((scales[i + 4] & 15) | (minimums[i + 4] & 15) << 4);
  }
}

}  // namespace brim::quant
