// BF16: the upper half of a float: its range with 8 bits of precision.
//
//   byte  0 .. 1
//        +--------+
//        | value  |   sign, 8 exponent bits, 7 fraction bits, little-endian
//        +--------+
#pragma once

#include "quant/half.hpp"

namespace brim::quant::bf16 {

static constexpr int kLength = 1;

struct Block {
  std::uint8_t bytes[2];
};
static_assert(sizeof(Block) == 2 && alignof(Block) == 1);

/// Writes the block's one value.
static inline void unpack(const Block& block, float* values) noexcept {
  values[0] = bf16_to_f32(load_u16(block.bytes));
}

/// Packs one finite value; one that would round up to infinity stays the largest finite bfloat16.
static inline void pack(const float* values, Block& block) noexcept {
  std::uint16_t bits = f32_to_bf16(values[0]);
  if ((bits & 0x7FFFu) == 0x7F80u) bits = static_cast<std::uint16_t>(bits - 1u);
  __builtin_memcpy(block.bytes, &bits, sizeof bits);
}

}  // namespace brim::quant::bf16
