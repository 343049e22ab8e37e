// Q8_0: 32 values, one scale, levels -127 … 127. value = scale · quant.
//
//   byte  0        2                                33
//        +--------+--------------------------------+
//        | scale  | quants[32], signed             |
//        +--------+--------------------------------+
#pragma once

#include "quant/half.hpp"
#include "quant/rounding.hpp"

namespace brim::quant::q8_0 {

static constexpr int kLength = 32;

struct Block {
  Half scale;
  std::int8_t quants[32];
};
static_assert(sizeof(Block) == 34 && alignof(Block) == 1);

/// Writes 32 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float scale = load(block.scale);
  for (int i = 0; i < 32; ++i) values[i] = static_cast<float>(block.quants[i]) * scale;
}

/// Packs 32 finite values: the largest magnitude becomes level ±127.
static inline void pack(const float* values, Block& block) noexcept {
  float largest = 0;
  for (int i = 0; i < 32; ++i) {
    const float magnitude = __builtin_fabsf(values[i]);
    largest = magnitude > largest ? magnitude : largest;
  }
  const float inverse = inverse_or_zero(store(block.scale, largest / 127.0f));
  for (int i = 0; i < 32; ++i) {
    block.quants[i] = static_cast<std::int8_t>(static_cast<int>(nearest_level(values[i] * inverse, -127, 127)));
  }
}

}  // namespace brim::quant::q8_0
