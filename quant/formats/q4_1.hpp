// Q4_1: 32 values, a scale and a minimum, levels 0 … 15. value = scale · quant + minimum.
//
//   byte  0        2        4                                19
//        +--------+--------+--------------------------------+
//        | scale  | minim. | quants[16]                     |
//        +--------+--------+--------------------------------+
//   quants[j]: low 4 bits = value j, high 4 bits = value j + 16
#pragma once

#include "quant/half.hpp"
#include "quant/rounding.hpp"

namespace brim::quant::q4_1 {

static constexpr int kLength = 32;

struct Block {
  Half scale;
  Half minimum;
  std::uint8_t quants[16];
};
static_assert(sizeof(Block) == 20 && alignof(Block) == 1);

/// Writes 32 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float scale = load(block.scale);
  const float minimum = load(block.minimum);
  for (int j = 0; j < 16; ++j) {
    values[j] = static_cast<float>(block.quants[j] & 15) * scale + minimum;
    values[j + 16] = static_cast<float>(block.quants[j] >> 4) * scale + minimum;
  }
}

/// Packs 32 finite values: the levels span their range.
static inline void pack(const float* values, Block& block) noexcept {
  float min = values[0], max = values[0];
  for (int i = 1; i < 32; ++i) {
    min = values[i] < min ? values[i] : min;
    max = values[i] > max ? values[i] : max;
  }
  const float inverse = inverse_or_zero(store(block.scale, (max - min) / 15.0f));
  const float minimum = store(block.minimum, min);
  for (int j = 0; j < 16; ++j) {
    const int low = static_cast<int>(nearest_level((values[j] - minimum) * inverse, 0, 15));
    const int high = static_cast<int>(nearest_level((values[j + 16] - minimum) * inverse, 0, 15));
    block.quants[j] = static_cast<std::uint8_t>(low | high << 4);
  }
}

}  // namespace brim::quant::q4_1
