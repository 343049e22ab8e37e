// Q4_K: each 32 bytes hold two sub-blocks of 32, the first in the low halves.
#include "kernels/neon/products.hpp"
#include "kernels/neon/superblocks.hpp"
#include "quant/formats/q4_k.hpp"

namespace brim::kernels::neon {
namespace {

struct Format {
  using Block = quant::q4_k::Block;
  static constexpr bool kMinimum = true;

  const Block& block;
  Scales of_groups;

  explicit Format(const Block& from) : block(from) {
    for (int s = 0; s < 8; ++s) {
      const quant::SixBitPair pair = quant::load_six_bit(from.scales, s);
      of_groups.scales[2 * s] = of_groups.scales[2 * s + 1] = pair.scale;
      of_groups.minimums[2 * s] = of_groups.minimums[2 * s + 1] = pair.minimum;
    }
  }

  int8x16_t levels(int part) const {
    const std::uint8_t* at = block.quants + 32 * (part / 4) + 16 * (part % 2);
    return part / 2 % 2 == 0 ? low_half(at) : high_half(at);
  }
};

}  // namespace

void product_q4_k(const Product& p) noexcept { walk<Superblocks<Format>>(p); }

}  // namespace brim::kernels::neon
