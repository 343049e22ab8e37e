// F32: a plain float.
//
//   byte  0 .. 3
//        +--------+
//        | value  |   IEEE binary32, little-endian
//        +--------+
#pragma once

#include <cstdint>

namespace brim::quant::f32 {

static constexpr int kLength = 1;

struct Block {
  std::uint8_t bytes[4];
};
static_assert(sizeof(Block) == 4 && alignof(Block) == 1);

/// Writes the block's one value.
static inline void unpack(const Block& block, float* values) noexcept { __builtin_memcpy(values, block.bytes, 4); }

/// Packs one finite value.
static inline void pack(const float* values, Block& block) noexcept { __builtin_memcpy(block.bytes, values, 4); }

}  // namespace brim::quant::f32
