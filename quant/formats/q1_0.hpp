// Q1_0: 128 values, one scale, a bit each. value = scale where the bit is set, else −scale. Read only. Other programs
// have written blocks of other lengths under this name; these do not fit a file's offsets, and engine/io refuses them.
//
//   byte  0        2                                17
//        +--------+--------------------------------+
//        | scale  | quants[16]                     |
//        +--------+--------------------------------+
//   quants[j]: bit b = value 8 j + b
#pragma once

#include "quant/half.hpp"

namespace brim::quant::q1_0 {

static constexpr int kLength = 128;

struct Block {
  Half scale;
  std::uint8_t quants[16];
};
static_assert(sizeof(Block) == 18 && alignof(Block) == 1);

/// Writes 128 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float scale = load(block.scale);
  for (int i = 0; i < kLength; ++i) values[i] = (block.quants[i / 8] >> (i % 8) & 1) != 0 ? scale : -scale;
}

}  // namespace brim::quant::q1_0
