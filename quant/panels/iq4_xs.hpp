// IQ4_XS, sixteen rows by 256 columns: the super-scales, then for every 32 columns the scales unpacked to whole signed
// bytes and the codebook indices as nibbles. 1.5 % larger than the file.
#pragma once

#include "quant/formats/iq4_xs.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::iq4_xs {

struct Slab {
  Half super_scale[kPanelRows];
  struct Part {
    std::int8_t scale[kPanelRows];
    NibbleLanes quants;
  } parts[8];
};
static_assert(sizeof(Slab) == 2208);

static inline void put_block(Slab& slab, int row, const Block& block) noexcept {
  slab.super_scale[row] = block.super_scale;
  for (int s = 0; s < 8; ++s) {
    slab.parts[s].scale[row] = static_cast<std::int8_t>(scale_of(block, s));
    put_halves(slab.parts[s].quants, row, block.quants + 16 * s);
  }
}

static inline void get_block(const Slab& slab, int row, Block& block) noexcept {
  __builtin_memset(&block, 0, sizeof block);
  block.super_scale = slab.super_scale[row];
  for (int s = 0; s < 8; ++s) {
    const int scale = slab.parts[s].scale[row] + 32;
    block.scales_low[s / 2] = static_cast<std::uint8_t>(block.scales_low[s / 2] | (scale & 15) << (4 * (s % 2)));
    block.scales_high[s / 4] = static_cast<std::uint8_t>(block.scales_high[s / 4] | (scale >> 4) << (2 * (s % 4)));
    get_halves(slab.parts[s].quants, row, block.quants + 16 * s);
  }
}

}  // namespace brim::quant::iq4_xs
