// IQ2_S, sixteen rows by 256 columns: the super-scales, then for every 32 columns the two scales of sixteen columns
// each in halves of a byte, the points of eight columns each, their high bits as stored, and all signs.
#pragma once

#include "quant/formats/iq2_s.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::iq2_s {

struct Slab {
  Half super_scale[kPanelRows];
  struct Part {
    std::uint8_t scale[kPanelRows];
    std::uint8_t points_high[kPanelRows];
    std::uint8_t points[4][kPanelRows];
    BitLanes signs;
  } parts[8];
};
static_assert(sizeof(Slab) == kPanelRows * sizeof(Block));

static inline void put_block(Slab& slab, int row, const Block& block) noexcept {
  slab.super_scale[row] = block.super_scale;
  for (int s = 0; s < 8; ++s) {
    Slab::Part& part = slab.parts[s];
    part.scale[row] = block.scales[s];
    part.points_high[row] = block.points_high[s];
    for (int e = 0; e < 4; ++e) part.points[e][row] = block.points[4 * s + e];
    put_bits(part.signs, row, block.signs + 4 * s);
  }
}

static inline void get_block(const Slab& slab, int row, Block& block) noexcept {
  block.super_scale = slab.super_scale[row];
  for (int s = 0; s < 8; ++s) {
    const Slab::Part& part = slab.parts[s];
    block.scales[s] = part.scale[row];
    block.points_high[s] = part.points_high[row];
    for (int e = 0; e < 4; ++e) block.points[4 * s + e] = part.points[e][row];
    get_bits(part.signs, row, block.signs + 4 * s);
  }
}

}  // namespace brim::quant::iq2_s
