// Q3_K: levels 0 … 7 stand for -4 … 3; two low bits and one high bit stored separately, a 6-bit scale per 16 values.
#include "kernels/neon/products.hpp"
#include "kernels/neon/superblocks.hpp"
#include "quant/formats/q3_k.hpp"

namespace brim::kernels::neon {
namespace {

struct Format {
  using Block = quant::q3_k::Block;
  static constexpr bool kMinimum = false;

  const Block& block;
  Scales of_groups;

  explicit Format(const Block& from) : block(from) {
    for (int s = 0; s < 16; ++s) of_groups.scales[s] = quant::q3_k::scale_of(from, s);
  }

  int8x16_t levels(int part) const {
    const int offset = 16 * (part % 2);
    const uint8x16_t low = bits_of(block.quants + 32 * (part / 8) + offset, 2 * (part / 2 % 4), 3);
    const uint8x16_t high = vshlq_n_u8(bits_of(block.high_bits + offset, part / 2, 1), 2);
    return vsubq_s8(vreinterpretq_s8_u8(vorrq_u8(low, high)), vdupq_n_s8(4));
  }
};

}  // namespace

void product_q3_k(const Product& p) noexcept { walk<Superblocks<Format>>(p); }

}  // namespace brim::kernels::neon
