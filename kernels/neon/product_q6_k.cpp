// Q6_K: levels 0 … 63 stand for -32 … 31; four low bits and two high bits stored separately, a scale per 16 values.
#include "kernels/neon/products.hpp"
#include "kernels/neon/superblocks.hpp"
#include "quant/formats/q6_k.hpp"

namespace brim::kernels::neon {
namespace {

struct Format {
  using Block = quant::q6_k::Block;
  static constexpr bool kMinimum = false;

  const Block& block;
  Scales of_groups;

  explicit Format(const Block& from) : block(from) {
    for (int s = 0; s < 16; ++s) of_groups.scales[s] = from.scales[s];
  }

  int8x16_t levels(int part) const {
    const int half = part / 8, quarter = part / 2 % 4, offset = 16 * (part % 2);
    const std::uint8_t* at = block.low_bits + 64 * half + 32 * (quarter % 2) + offset;
    const int8x16_t low = quarter < 2 ? low_half(at) : high_half(at);
    const uint8x16_t high = vshlq_n_u8(bits_of(block.high_bits + 32 * half + offset, 2 * quarter, 3), 4);
    return vsubq_s8(vorrq_s8(low, vreinterpretq_s8_u8(high)), vdupq_n_s8(32));
  }
};

}  // namespace

void product_q6_k(const Product& p) noexcept { walk<Superblocks<Format>>(p); }

}  // namespace brim::kernels::neon
