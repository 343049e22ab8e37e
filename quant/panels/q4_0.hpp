// Q4_0, sixteen rows by 32 columns: the scales, then the quants as nibbles; the bytes of sixteen blocks, transposed.
#pragma once

#include "quant/formats/q4_0.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::q4_0 {

struct Slab {
  Half scale[kPanelRows];
  NibbleLanes quants;
};
static_assert(sizeof(Slab) == kPanelRows * sizeof(Block));

static inline void put_block(Slab& slab, int row, const Block& block) noexcept {
  slab.scale[row] = block.scale;
  put_halves(slab.quants, row, block.quants);
}

static inline void get_block(const Slab& slab, int row, Block& block) noexcept {
  block.scale = slab.scale[row];
  get_halves(slab.quants, row, block.quants);
}

}  // namespace brim::quant::q4_0
