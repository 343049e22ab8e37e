// IQ2_XS, sixteen rows by 256 columns: the super-scales, then for every 32 columns the two scales of sixteen columns
// each in halves of a byte, the points of eight columns each, their ninth bits in bits 0 … 3 of a byte, and all signs.
// 11 % larger than the file.
#pragma once

#include "quant/formats/iq2_xs.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::iq2_xs {

struct Slab {
  Half super_scale[kPanelRows];
  struct Part {
    std::uint8_t scale[kPanelRows];
    std::uint8_t points_high[kPanelRows];
    std::uint8_t points[4][kPanelRows];
    BitLanes signs;
  } parts[8];
};
static_assert(sizeof(Slab) == 1312);

static inline void put_block(Slab& slab, int row, const Block& block) noexcept {
  slab.super_scale[row] = block.super_scale;
  for (int s = 0; s < 8; ++s) {
    Slab::Part& part = slab.parts[s];
    part.scale[row] = block.scales[s];
    std::uint8_t signs[4];
    int high = 0;
    for (int e = 0; e < 4; ++e) {
      const unsigned word = load_u16(block.points[4 * s + e]);
      part.points[e][row] = static_cast<std::uint8_t>(word);
      high |= static_cast<int>(word >> 8 & 1u) << e;
      signs[e] = even_signs(word >> 9);
    }
    part.points_high[row] = static_cast<std::uint8_t>(high);
    put_bits(part.signs, row, signs);
  }
}

static inline void get_block(const Slab& slab, int row, Block& block) noexcept {
  block.super_scale = slab.super_scale[row];
  for (int s = 0; s < 8; ++s) {
    const Slab::Part& part = slab.parts[s];
    block.scales[s] = part.scale[row];
    std::uint8_t signs[4];
    get_bits(part.signs, row, signs);
    for (int e = 0; e < 4; ++e) {
      block.points[4 * s + e][0] = part.points[e][row];
      block.points[4 * s + e][1] = static_cast<std::uint8_t>((part.points_high[row] >> e & 1) | (signs[e] & 127) << 1);
    }
  }
}

}  // namespace brim::quant::iq2_xs
