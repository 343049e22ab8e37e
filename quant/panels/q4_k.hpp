// Q4_K, sixteen rows by 256 columns: the super-scales and super-minimums, then for every 32 columns scales and minimums
// unpacked to whole bytes and the quants as nibbles. 2.8 % larger than the file.
#pragma once

#include "quant/formats/q4_k.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant::q4_k {

struct Slab {
  Half super_scale[kPanelRows];
  Half super_minimum[kPanelRows];
  struct Part {
    std::uint8_t scale[kPanelRows];
    std::uint8_t minimum[kPanelRows];
    NibbleLanes quants;
  } parts[8];
};
static_assert(sizeof(Slab) == 2368);

static inline void put_block(Slab& slab, int row, const Block& block) noexcept {
  slab.super_scale[row] = block.super_scale;
  slab.super_minimum[row] = block.super_minimum;
  for (int s = 0; s < 8; ++s) {
    const SixBitPair pair = load_six_bit(block.scales, s);
    slab.parts[s].scale[row] = pair.scale;
    slab.parts[s].minimum[row] = pair.minimum;
    put_row(slab.parts[s].quants, row, block.quants + 32 * (s / 2), 4 * (s % 2));
  }
}

static inline void get_block(const Slab& slab, int row, Block& block) noexcept {
  block.super_scale = slab.super_scale[row];
  block.super_minimum = slab.super_minimum[row];
  std::int8_t scales[8], minimums[8];
  __builtin_memset(block.quants, 0, sizeof block.quants);
  for (int s = 0; s < 8; ++s) {
    scales[s] = static_cast<std::int8_t>(slab.parts[s].scale[row]);
    minimums[s] = static_cast<std::int8_t>(slab.parts[s].minimum[row]);
    std::uint8_t* quants = block.quants + 32 * (s / 2);
    for (int i = 0; i < 32; ++i) {
      quants[i] = static_cast<std::uint8_t>(quants[i] | get(slab.parts[s].quants, row, i) << (4 * (s % 2)));
    }
  }
  store_six_bit(scales, minimums, block.scales);
}

}  // namespace brim::quant::q4_k
