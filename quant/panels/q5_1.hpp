// Q5_1, sixteen rows by 32 columns: scales, minimums, each value's fifth bit, then the lower four as nibbles.
#pragma once

#include "quant/formats/q5_1.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::q5_1 {

struct Slab {
  Half scale[kPanelRows];
  Half minimum[kPanelRows];
  BitLanes high_bits;
  NibbleLanes quants;
};
static_assert(sizeof(Slab) == kPanelRows * sizeof(Block));

static inline void put_block(Slab& slab, int row, const Block& block) noexcept {
  slab.scale[row] = block.scale;
  slab.minimum[row] = block.minimum;
  put_bits(slab.high_bits, row, block.high_bits);
  put_halves(slab.quants, row, block.quants);
}

static inline void get_block(const Slab& slab, int row, Block& block) noexcept {
  block.scale = slab.scale[row];
  block.minimum = slab.minimum[row];
  get_bits(slab.high_bits, row, block.high_bits);
  get_halves(slab.quants, row, block.quants);
}

}  // namespace brim::quant::q5_1
