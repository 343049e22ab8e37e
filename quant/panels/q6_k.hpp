// Q6_K, sixteen rows by 256 columns: the super-scales, then for every 32 columns the two scales of sixteen columns
// each, the lower four bits of the values as nibbles and the upper two as pairs.
#pragma once

#include "quant/formats/q6_k.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::q6_k {

struct Slab {
  Half super_scale[kPanelRows];
  struct Part {
    std::int8_t scale[2][kPanelRows];
    NibbleLanes low_bits;
    PairLanes high_bits;
  } parts[8];
};
static_assert(sizeof(Slab) == kPanelRows * sizeof(Block));

static inline void put_block(Slab& slab, int row, const Block& block) noexcept {
  slab.super_scale[row] = block.super_scale;
  for (int s = 0; s < 8; ++s) {
    Slab::Part& part = slab.parts[s];
    part.scale[0][row] = block.scales[2 * s];
    part.scale[1][row] = block.scales[2 * s + 1];
    put_row(part.low_bits, row, block.low_bits + 64 * (s / 4) + 32 * (s % 2), 4 * (s % 4 / 2));
    put_row(part.high_bits, row, block.high_bits + 32 * (s / 4), 2 * (s % 4));
  }
}

static inline void get_block(const Slab& slab, int row, Block& block) noexcept {
  __builtin_memset(&block, 0, sizeof block);
  block.super_scale = slab.super_scale[row];
  for (int s = 0; s < 8; ++s) {
    const Slab::Part& part = slab.parts[s];
    block.scales[2 * s] = part.scale[0][row];
    block.scales[2 * s + 1] = part.scale[1][row];
    std::uint8_t* low_bits = block.low_bits + 64 * (s / 4) + 32 * (s % 2);
    std::uint8_t* high_bits = block.high_bits + 32 * (s / 4);
    for (int i = 0; i < 32; ++i) {
      low_bits[i] = static_cast<std::uint8_t>(low_bits[i] | get(part.low_bits, row, i) << (4 * (s % 4 / 2)));
      high_bits[i] = static_cast<std::uint8_t>(high_bits[i] | get(part.high_bits, row, i) << (2 * (s % 4)));
    }
  }
}

}  // namespace brim::quant::q6_k
