// Q1_0, sixteen rows by 128 columns: the scales, then for every 32 columns the values' bits.
#pragma once

#include "quant/formats/q1_0.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::q1_0 {

struct Slab {
  Half scale[kPanelRows];
  BitLanes quants[4];
};
static_assert(sizeof(Slab) == kPanelRows * sizeof(Block));

static inline void put_block(Slab& slab, int row, const Block& block) noexcept {
  slab.scale[row] = block.scale;
  for (int p = 0; p < 4; ++p) put_bits(slab.quants[p], row, block.quants + 4 * p);
}

static inline void get_block(const Slab& slab, int row, Block& block) noexcept {
  block.scale = slab.scale[row];
  for (int p = 0; p < 4; ++p) get_bits(slab.quants[p], row, block.quants + 4 * p);
}

}  // namespace brim::quant::q1_0
