// Q4_0: 32 values, one scale, levels -8 … 7. value = scale · (quant − 8).
//
//   byte  0        2                                17
//        +--------+--------------------------------+
//        | scale  | quants[16]                     |
//        +--------+--------------------------------+
//   quants[j]: low 4 bits = value j, high 4 bits = value j + 16
#pragma once

#include "quant/half.hpp"
#include "quant/rounding.hpp"

namespace brim::quant::q4_0 {

static constexpr int kLength = 32;

struct Block {
  Half scale;
  std::uint8_t quants[16];
};
static_assert(sizeof(Block) == 18 && alignof(Block) == 1);

/// Writes 32 values.
static inline void unpack(const Block& block, float* values) noexcept {
  const float scale = load(block.scale);
  for (int j = 0; j < 16; ++j) {
    values[j] = static_cast<float>((block.quants[j] & 15) - 8) * scale;
    values[j + 16] = static_cast<float>((block.quants[j] >> 4) - 8) * scale;
  }
}

/// Packs 32 finite values. The value of largest magnitude gets level -8, the only one without a counterpart, so the
/// scale's sign is the opposite of that value's.
static inline void pack(const float* values, Block& block) noexcept {
  float extreme = 0;
  for (int i = 0; i < 32; ++i) {
    if (__builtin_fabsf(values[i]) > __builtin_fabsf(extreme)) extreme = values[i];
  }
  const float inverse = inverse_or_zero(store(block.scale, extreme == 0 ? 0.0f : extreme / -8.0f));
  for (int j = 0; j < 16; ++j) {
    const int low = static_cast<int>(nearest_level(values[j] * inverse, -8, 7)) + 8;
    const int high = static_cast<int>(nearest_level(values[j + 16] * inverse, -8, 7)) + 8;
    block.quants[j] = static_cast<std::uint8_t>(low | high << 4);
  }
}

}  // namespace brim::quant::q4_0
