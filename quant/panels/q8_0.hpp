// Q8_0, sixteen rows by 32 columns: the scales, then eight groups of four signed values of each row.
#pragma once

#include "quant/formats/q8_0.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::q8_0 {

struct Slab {
  Half scale[kPanelRows];
  std::int8_t quants[8][64];
};
static_assert(sizeof(Slab) == kPanelRows * sizeof(Block));

static inline void put_block(Slab& slab, int row, const Block& block) noexcept {
  slab.scale[row] = block.scale;
  for (int g = 0; g < 8; ++g) __builtin_memcpy(slab.quants[g] + 4 * row, block.quants + 4 * g, 4);
}

static inline void get_block(const Slab& slab, int row, Block& block) noexcept {
  block.scale = slab.scale[row];
  for (int g = 0; g < 8; ++g) __builtin_memcpy(block.quants + 4 * g, slab.quants[g] + 4 * row, 4);
}

}  // namespace brim::quant::q8_0
