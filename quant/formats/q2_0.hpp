// Q2_0: 64 values, one scale, levels -1 … 2. value = scale · (quant − 1). Read only. A fork of llama.cpp writes blocks
// of 128 values under this name; these do not fit a file's offsets, and engine/io refuses them.
//
//   byte  0        2                                17
//        +--------+--------------------------------+
//        | scale  | quants[16]                     |
//        +--------+--------------------------------+
//   quants[j]: bits 2p, 2p+1 = value 4 j + p
#pragma once

#include "quant/half.hpp"

namespace brim::quant::q2_0 {

static constexpr int kLength = 64;

struct Block {
  Half scale;
  std::uint8_t quants[16];
};
static_assert(sizeof(Block) == 18 && alignof(Block) == 1);

/// Writes 64 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float scale = load(block.scale);
  for (int i = 0; i < kLength; ++i) {
    values[i] = static_cast<float>((block.quants[i / 4] >> (2 * (i % 4)) & 3) - 1) * scale;
  }
}

}  // namespace brim::quant::q2_0
