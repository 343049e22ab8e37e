// Q2_K, sixteen rows by 256 columns: the super-scales and super-minimums, then for every 32 columns the scale (low
// half) and minimum (high half) of sixteen columns each, and the quants as pairs.
#pragma once

#include "quant/formats/q2_k.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::q2_k {

struct Slab {
  Half super_scale[kPanelRows];
  Half super_minimum[kPanelRows];
  struct Part {
    std::uint8_t scale[2][kPanelRows];
    PairLanes quants;
  } parts[8];
};
static_assert(sizeof(Slab) == kPanelRows * sizeof(Block));

static inline void put_block(Slab& slab, int row, const Block& block) noexcept {
  slab.super_scale[row] = block.super_scale;
  slab.super_minimum[row] = block.super_minimum;
  for (int s = 0; s < 8; ++s) {
    slab.parts[s].scale[0][row] = block.scales[2 * s];
    slab.parts[s].scale[1][row] = block.scales[2 * s + 1];
    put_row(slab.parts[s].quants, row, block.quants + 32 * (s / 4), 2 * (s % 4));
  }
}

static inline void get_block(const Slab& slab, int row, Block& block) noexcept {
  __builtin_memset(&block, 0, sizeof block);
  block.super_scale = slab.super_scale[row];
  block.super_minimum = slab.super_minimum[row];
  for (int s = 0; s < 8; ++s) {
    block.scales[2 * s] = slab.parts[s].scale[0][row];
    block.scales[2 * s + 1] = slab.parts[s].scale[1][row];
    std::uint8_t* quants = block.quants + 32 * (s / 4);
    for (int i = 0; i < 32; ++i) {
      quants[i] = static_cast<std::uint8_t>(quants[i] | get(slab.parts[s].quants, row, i) << (2 * (s % 4)));
    }
  }
}

}  // namespace brim::quant::q2_k
