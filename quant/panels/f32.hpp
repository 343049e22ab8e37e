// F32, sixteen rows by one column: the values side by side.
#pragma once

#include "quant/formats/f32.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::f32 {

struct Slab {
  Block at[kPanelRows];
};
static_assert(sizeof(Slab) == kPanelRows * sizeof(Block));

static inline void put_block(Slab& slab, int row, const Block& block) noexcept { slab.at[row] = block; }

static inline void get_block(const Slab& slab, int row, Block& block) noexcept { block = slab.at[row]; }

}  // namespace brim::quant::f32
