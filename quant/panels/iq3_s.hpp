// IQ3_S, sixteen rows by 256 columns: the super-scales, then for every 32 columns the scales as whole bytes, the points
// of four columns each, their ninth bits as stored, and all signs. 4 % larger than the file.
#pragma once

#include "quant/formats/iq3_s.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::iq3_s {

struct Slab {
  Half super_scale[kPanelRows];
  struct Part {
    std::uint8_t scale[kPanelRows];
    std::uint8_t points_high[kPanelRows];
    std::uint8_t points[8][kPanelRows];
    BitLanes signs;
  } parts[8];
};
static_assert(sizeof(Slab) == 1824);

static inline void put_block(Slab& slab, int row, const Block& block) noexcept {
  slab.super_scale[row] = block.super_scale;
  for (int s = 0; s < 8; ++s) {
    Slab::Part& part = slab.parts[s];
    part.scale[row] = static_cast<std::uint8_t>(block.scales[s / 2] >> (4 * (s % 2)) & 15);
    part.points_high[row] = block.points_high[s];
    for (int e = 0; e < 8; ++e) part.points[e][row] = block.points[8 * s + e];
    put_bits(part.signs, row, block.signs + 4 * s);
  }
}

static inline void get_block(const Slab& slab, int row, Block& block) noexcept {
  block.super_scale = slab.super_scale[row];
  for (int s = 0; s < 8; ++s) {
    const Slab::Part& part = slab.parts[s];
    if (s % 2 == 0)
      block.scales[s / 2] = static_cast<std::uint8_t>(part.scale[row] | slab.parts[s + 1].scale[row] << 4);
    block.points_high[s] = part.points_high[row];
    for (int e = 0; e < 8; ++e) block.points[8 * s + e] = part.points[e][row];
    get_bits(part.signs, row, block.signs + 4 * s);
  }
}

}  // namespace brim::quant::iq3_s
