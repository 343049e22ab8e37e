// Q3_K, sixteen rows by 256 columns: the super-scales, then for every 32 columns the two scales of sixteen columns each
// as whole signed bytes, the values' third bit, and their lower two bits as pairs. 3.6 % larger than the file.
#pragma once

#include "quant/formats/q3_k.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::q3_k {

struct Slab {
  Half super_scale[kPanelRows];
  struct Part {
    std::int8_t scale[2][kPanelRows];
    BitLanes high_bits;
    PairLanes low_bits;
  } parts[8];
};
static_assert(sizeof(Slab) == 1824);

static inline void put_block(Slab& slab, int row, const Block& block) noexcept {
  slab.super_scale[row] = block.super_scale;
  for (int s = 0; s < 8; ++s) {
    Slab::Part& part = slab.parts[s];
    part.scale[0][row] = static_cast<std::int8_t>(scale_of(block, 2 * s));
    part.scale[1][row] = static_cast<std::int8_t>(scale_of(block, 2 * s + 1));
    put_row(part.low_bits, row, block.quants + 32 * (s / 4), 2 * (s % 4));
    put_row(part.high_bits, row, block.high_bits, s);
  }
}

static inline void get_block(const Slab& slab, int row, Block& block) noexcept {
  __builtin_memset(&block, 0, sizeof block);
  block.super_scale = slab.super_scale[row];
  for (int s = 0; s < 8; ++s) {
    const Slab::Part& part = slab.parts[s];
    for (int half = 0; half < 2; ++half) {
      const int index = 2 * s + half, scale = part.scale[half][row] + 32;
      std::uint8_t& low = block.scales[index % 8];
      std::uint8_t& high = block.scales[8 + index % 4];
      low = static_cast<std::uint8_t>(low | (scale & 15) << (4 * (index / 8)));
      high = static_cast<std::uint8_t>(high | (scale >> 4) << (2 * (index / 4)));
    }
    std::uint8_t* quants = block.quants + 32 * (s / 4);
    for (int i = 0; i < 32; ++i) {
      quants[i] = static_cast<std::uint8_t>(quants[i] | get(part.low_bits, row, i) << (2 * (s % 4)));
      block.high_bits[i] = static_cast<std::uint8_t>(block.high_bits[i] | get(part.high_bits, row, i) << s);
    }
  }
}

}  // namespace brim::quant::q3_k
