// IQ3_XXS, sixteen rows by 256 columns: the super-scales, then for every 32 columns the scales as whole bytes, the
// points of four columns each, and all signs. 8 % larger than the file.
#pragma once

#include "quant/formats/iq3_xxs.hpp"
#include "quant/panels/even_signs.hpp"

namespace brim::quant::iq3_xxs {

struct Slab {
  Half super_scale[kPanelRows];
  struct Part {
    std::uint8_t scale[kPanelRows];
    std::uint8_t points[8][kPanelRows];
    BitLanes signs;
  } parts[8];
};
static_assert(sizeof(Slab) == 1696);

static inline void put_block(Slab& slab, int row, const Block& block) noexcept {
  slab.super_scale[row] = block.super_scale;
  for (int s = 0; s < 8; ++s) {
    Slab::Part& part = slab.parts[s];
    for (int e = 0; e < 8; ++e) part.points[e][row] = block.points[8 * s + e];
    part.scale[row] = put_even_signs(part.signs, row, block.signs_and_scale[s]);
  }
}

static inline void get_block(const Slab& slab, int row, Block& block) noexcept {
  block.super_scale = slab.super_scale[row];
  for (int s = 0; s < 8; ++s) {
    const Slab::Part& part = slab.parts[s];
    for (int e = 0; e < 8; ++e) block.points[8 * s + e] = part.points[e][row];
    get_even_signs(part.signs, row, part.scale[row], block.signs_and_scale[s]);
  }
}

}  // namespace brim::quant::iq3_xxs
