// MXFP4, sixteen rows by 32 columns: the exponents, then the codebook indices as nibbles.
#pragma once

#include "quant/formats/mxfp4.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::mxfp4 {

struct Slab {
  std::uint8_t exponent[kPanelRows];
  NibbleLanes quants;
};
static_assert(sizeof(Slab) == kPanelRows * sizeof(Block));

static inline void put_block(Slab& slab, int row, const Block& block) noexcept {
  slab.exponent[row] = block.exponent;
  put_halves(slab.quants, row, block.quants);
}

static inline void get_block(const Slab& slab, int row, Block& block) noexcept {
  block.exponent = slab.exponent[row];
  get_halves(slab.quants, row, block.quants);
}

}  // namespace brim::quant::mxfp4
