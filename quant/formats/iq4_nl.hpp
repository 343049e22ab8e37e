// IQ4_NL: 32 values, one scale, 16 levels that are not evenly spaced. value = scale · kCodebook[quant]. Read only.
//
//   byte  0        2                                17
//        +--------+--------------------------------+
//        | scale  | quants[16]                     |
//        +--------+--------------------------------+
//   quants[j]: low 4 bits = value j, high 4 bits = value j + 16
#pragma once

#include "quant/half.hpp"

namespace brim::quant::iq4_nl {

static constexpr int kLength = 32;

struct Block {
  Half scale;
  std::uint8_t quants[16];
};
static_assert(sizeof(Block) == 18 && alignof(Block) == 1);

/// The levels, part of the format: denser near zero, where weights are.
static constexpr std::int8_t kCodebook[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

/// Writes 32 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float scale = load(block.scale);
  for (int j = 0; j < 16; ++j) {
    values[j] = scale * static_cast<float>(kCodebook[block.quants[j] & 15]);
    values[j + 16] = scale * static_cast<float>(kCodebook[block.quants[j] >> 4]);
  }
}

}  // namespace brim::quant::iq4_nl
