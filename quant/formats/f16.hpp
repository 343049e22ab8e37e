// F16: an IEEE half.
//
//   byte  0 .. 1
//        +--------+
//        | value  |   IEEE binary16, little-endian
//        +--------+
#pragma once

#include "quant/half.hpp"

namespace brim::quant::f16 {

static constexpr int kLength = 1;

struct Block {
  Half value;
};
static_assert(sizeof(Block) == 2 && alignof(Block) == 1);

/// Writes the block's one value.
static inline void unpack(const Block& block, float* values) noexcept { values[0] = load(block.value); }

/// Packs one finite value; beyond ±65504 it saturates.
static inline void pack(const float* values, Block& block) noexcept { store(block.value, values[0]); }

}  // namespace brim::quant::f16
