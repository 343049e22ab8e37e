// Q2_K: levels 0 … 3, a 4-bit scale and minimum for 16 values.
#include "kernels/neon/products.hpp"
#include "kernels/neon/superblocks.hpp"
#include "quant/formats/q2_k.hpp"

namespace brim::kernels::neon {
namespace {

struct Format {
  using Block = quant::q2_k::Block;
  static constexpr bool kMinimum = true;

  const Block& block;
  Scales of_groups;

  explicit Format(const Block& from) : block(from) {
    for (int s = 0; s < 16; ++s) {
      of_groups.scales[s] = from.scales[s] & 15;
      of_groups.minimums[s] = static_cast<std::int16_t>(from.scales[s] >> 4);
    }
  }

  int8x16_t levels(int part) const {
    return vreinterpretq_s8_u8(bits_of(block.quants + 32 * (part / 8) + 16 * (part % 2), 2 * (part / 2 % 4), 3));
  }
};

}  // namespace

void product_q2_k(const Product& p) noexcept { walk<Superblocks<Format>>(p); }

}  // namespace brim::kernels::neon
