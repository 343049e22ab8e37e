// IQ4_NL, sixteen rows by 32 columns: the scales, then the codebook indices as nibbles.
#pragma once

#include "quant/formats/iq4_nl.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::iq4_nl {

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

}  // namespace brim::quant::iq4_nl
