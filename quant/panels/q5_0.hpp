// Q5_0, sixteen rows by 32 columns: the scales, each value's fifth bit, then the lower four as nibbles.
#pragma once

#include "quant/formats/q5_0.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::q5_0 {

struct Slab {
  Half scale[kPanelRows];
  BitLanes high_bits;
  NibbleLanes quants;
};
static_assert(sizeof(Slab) == kPanelRows * sizeof(Block));

static inline void put_block(Slab& slab, int row, const Block& block) noexcept {
  slab.scale[row] = block.scale;
  put_bits(slab.high_bits, row, block.high_bits);
  put_halves(slab.quants, row, block.quants);
}

static inline void get_block(const Slab& slab, int row, Block& block) noexcept {
  block.scale = slab.scale[row];
  get_bits(slab.high_bits, row, block.high_bits);
  get_halves(slab.quants, row, block.quants);
}

}  // namespace brim::quant::q5_0
