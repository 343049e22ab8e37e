// TQ2_0: 256 values, one scale, levels -1, 0, 1 (and 2, which no writer uses). value = scale · (quant − 1). Read only.
//
//   byte  0                              64       65
//        +------------------------------+--------+
//        | quants[64]                   | scale  |
//        +------------------------------+--------+
//   quants[32 h + l], l in 0 … 31: bits 2p, 2p+1 = value 128 h + 32 p + l   (h: half of the block, p: 0 … 3)
#pragma once

#include "quant/half.hpp"

namespace brim::quant::tq2_0 {

static constexpr int kLength = 256;

struct Block {
  std::uint8_t quants[64];
  Half super_scale;
};
static_assert(sizeof(Block) == 66 && alignof(Block) == 1);

/// Writes 256 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float scale = load(block.super_scale);
  for (int i = 0; i < kLength; ++i) {
    const int quant = block.quants[32 * (i / 128) + i % 32] >> (2 * (i / 32 % 4)) & 3;
    values[i] = static_cast<float>(quant - 1) * scale;
  }
}

}  // namespace brim::quant::tq2_0
