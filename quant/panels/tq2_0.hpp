// TQ2_0, sixteen rows by 256 columns: the scales, then for every 32 columns the quants as pairs.
#pragma once

#include "quant/formats/tq2_0.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::tq2_0 {

struct Slab {
  Half super_scale[kPanelRows];
  PairLanes quants[8];
};
static_assert(sizeof(Slab) == kPanelRows * sizeof(Block));

static inline void put_block(Slab& slab, int row, const Block& block) noexcept {
  slab.super_scale[row] = block.super_scale;
  for (int s = 0; s < 8; ++s) put_row(slab.quants[s], row, block.quants + 32 * (s / 4), 2 * (s % 4));
}

static inline void get_block(const Slab& slab, int row, Block& block) noexcept {
  __builtin_memset(&block, 0, sizeof block);
  block.super_scale = slab.super_scale[row];
  for (int s = 0; s < 8; ++s) {
    std::uint8_t* quants = block.quants + 32 * (s / 4);
    for (int i = 0; i < 32; ++i) {
      quants[i] = static_cast<std::uint8_t>(quants[i] | get(slab.quants[s], row, i) << (2 * (s % 4)));
    }
  }
}

}  // namespace brim::quant::tq2_0
