// Q2_0, sixteen rows by 64 columns: the scales, then for every 32 columns the quants as pairs.
#pragma once

#include "quant/formats/q2_0.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::q2_0 {

struct Slab {
  Half scale[kPanelRows];
  PairLanes quants[2];
};
static_assert(sizeof(Slab) == kPanelRows * sizeof(Block));

/// The block has four neighbouring columns in a byte, the lanes every fourth column of sixteen. Exchanging rows and
/// columns of four bytes does both ways.
static inline void exchange_fours(const std::uint8_t* from, std::uint8_t* to) noexcept {
  for (int b = 0; b < 4; ++b) {
    int byte = 0;
    for (int i = 0; i < 4; ++i) byte |= (from[i] >> (2 * b) & 3) << (2 * i);
    to[b] = static_cast<std::uint8_t>(byte);
  }
}

static inline void put_block(Slab& slab, int row, const Block& block) noexcept {
  slab.scale[row] = block.scale;
  for (int j = 0; j < 4; ++j) exchange_fours(block.quants + 4 * j, slab.quants[j / 2].at[j % 2] + 4 * row);
}

static inline void get_block(const Slab& slab, int row, Block& block) noexcept {
  block.scale = slab.scale[row];
  for (int j = 0; j < 4; ++j) exchange_fours(slab.quants[j / 2].at[j % 2] + 4 * row, block.quants + 4 * j);
}

}  // namespace brim::quant::q2_0
