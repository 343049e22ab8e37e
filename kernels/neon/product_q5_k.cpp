// Q5_K: as Q4_K, with a fifth bit: bit s of high_bits[l] for value l of sub-block s.
#include "kernels/neon/products.hpp"
#include "kernels/neon/superblocks.hpp"
#include "quant/formats/q5_k.hpp"

namespace brim::kernels::neon {
namespace {

struct Format {
  using Block = quant::q5_k::Block;
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
    const int8x16_t low = part / 2 % 2 == 0 ? low_half(at) : high_half(at);
    const uint8x16_t fifth = vshlq_n_u8(bits_of(block.high_bits + 16 * (part % 2), part / 2, 1), 4);
    return vorrq_s8(low, vreinterpretq_s8_u8(fifth));
  }
};

}  // namespace

void product_q5_k(const Product& p) noexcept { walk<Superblocks<Format>>(p); }

}  // namespace brim::kernels::neon
