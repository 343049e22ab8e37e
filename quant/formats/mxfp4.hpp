// MXFP4: 32 values, a power of two as scale, 4-bit floats (E2M1) as levels. value = 2^(exponent − 127) · float, stored
// here as 2^(exponent − 128) · kCodebook[quant]: the codebook has the floats doubled, so that they are integers.
//
//   byte  0          1                                16
//        +----------+--------------------------------+
//        | exponent | quants[16]                     |
//        +----------+--------------------------------+
//   quants[j]: low 4 bits = value j, high 4 bits = value j + 16; the highest of the four bits is the sign
//   exponent: all 256 values are powers of two and none is a NaN, as in ggml
#pragma once

#include <cstdint>

namespace brim::quant::mxfp4 {

static constexpr int kLength = 32;

struct Block {
  std::uint8_t exponent;
  std::uint8_t quants[16];
};
static_assert(sizeof(Block) == 17 && alignof(Block) == 1);

/// Twice the floats.
static constexpr std::int8_t kCodebook[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/// 2^(exponent − 128); the first two are below the normal floats.
static inline float scale_of(std::uint8_t exponent) noexcept {
  const std::uint32_t bits = exponent < 2 ? 0x00200000u << exponent : (static_cast<std::uint32_t>(exponent) - 1u) << 23;
  return __builtin_bit_cast(float, bits);
}

/// Writes 32 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float scale = scale_of(block.exponent);
  for (int j = 0; j < 16; ++j) {
    values[j] = static_cast<float>(kCodebook[block.quants[j] & 15]) * scale;
    values[j + 16] = static_cast<float>(kCodebook[block.quants[j] >> 4]) * scale;
  }
}

/// The quant nearest to `value` in units of the scale: the middles between neighbouring levels are counted.
static inline int nearest_quant(float value) noexcept {
  const float magnitude = __builtin_fabsf(value);
  const int level = (magnitude > 0.5f) + (magnitude > 1.5f) + (magnitude > 2.5f) + (magnitude > 3.5f) +
                    (magnitude > 5.0f) + (magnitude > 7.0f) + (magnitude > 10.0f);
  return level != 0 && value < 0 ? level + 8 : level;
}

/// Packs 32 finite values: with the power of two that has the largest magnitude between levels 4 and 8, of which 6 is
/// the largest there is, or with the next one, whichever loses less.
static inline void pack(const float* values, Block& block) noexcept {
  std::uint32_t largest = 0;
  for (int i = 0; i < 32; ++i) {
    const std::uint32_t magnitude = __builtin_bit_cast(std::uint32_t, values[i]) & 0x7fffffffu;
    largest = magnitude > largest ? magnitude : largest;
  }
  const int first = static_cast<int>(largest >> 23) - 2;
  if (first < 2) {  // magnitudes below 2^-123 are zeros: the inverses of their scales do not fit into floats
    __builtin_memset(&block, 0, sizeof block);
    return;
  }
  float min_error = -1;
  for (int exponent = first; exponent <= first + 1 && exponent <= 254; ++exponent) {
    const float scale = scale_of(static_cast<std::uint8_t>(exponent));
    const float inverse = __builtin_bit_cast(float, static_cast<std::uint32_t>(255 - exponent) << 23);
    int quants[32];
    float error = 0;
    for (int i = 0; i < 32; ++i) {
      quants[i] = nearest_quant(values[i] * inverse);
      const float difference = values[i] - static_cast<float>(kCodebook[quants[i]]) * scale;
      error += difference * difference;
    }
    if (min_error >= 0 && !(error < min_error)) continue;
    min_error = error;
    block.exponent = static_cast<std::uint8_t>(exponent);
    for (int j = 0; j < 16; ++j) block.quants[j] = static_cast<std::uint8_t>(quants[j] | quants[j + 16] << 4);
  }
}

}  // namespace brim::quant::mxfp4
