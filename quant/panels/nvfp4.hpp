// NVFP4, sixteen rows by 64 columns: for every 32 columns the scales of sixteen columns each as stored, and the
// codebook indices as nibbles.
#pragma once

#include "quant/formats/nvfp4.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::nvfp4 {

struct Slab {
  struct Part {
    std::uint8_t scale[2][kPanelRows];
    NibbleLanes quants;
  } parts[2];
};
static_assert(sizeof(Slab) == kPanelRows * sizeof(Block));

/// The block pairs values j and j + 8 of a sub-block in a byte, the lanes columns j and j + 16. Exchanging quarters of
/// a part does both ways.
static inline void exchange_pairs(const std::uint8_t* from, std::uint8_t* to) noexcept {
  for (int j = 0; j < 8; ++j) {
    const int first = from[j], last = from[8 + j];
    to[j] = static_cast<std::uint8_t>((first & 15) | (last & 15) << 4);
    to[8 + j] = static_cast<std::uint8_t>((first >> 4) | (last & 0xf0));
  }
}

static inline void put_block(Slab& slab, int row, const Block& block) noexcept {
  for (int p = 0; p < 2; ++p) {
    slab.parts[p].scale[0][row] = block.scales[2 * p];
    slab.parts[p].scale[1][row] = block.scales[2 * p + 1];
    std::uint8_t quants[16];
    exchange_pairs(block.quants + 16 * p, quants);
    put_halves(slab.parts[p].quants, row, quants);
  }
}

static inline void get_block(const Slab& slab, int row, Block& block) noexcept {
  for (int p = 0; p < 2; ++p) {
    block.scales[2 * p] = slab.parts[p].scale[0][row];
    block.scales[2 * p + 1] = slab.parts[p].scale[1][row];
    std::uint8_t quants[16];
    get_halves(slab.parts[p].quants, row, quants);
    exchange_pairs(quants, block.quants + 16 * p);
  }
}

}  // namespace brim::quant::nvfp4
