// IQ4_XS: signed levels from a table, a 6-bit scale for 32 values.
#include "kernels/neon/products.hpp"
#include "kernels/neon/superblocks.hpp"
#include "quant/formats/iq4_xs.hpp"

namespace brim::kernels::neon {
namespace {

struct Format {
  using Block = quant::iq4_xs::Block;
  static constexpr bool kMinimum = false;

  const Block& block;
  Scales of_groups;

  explicit Format(const Block& from) : block(from) {
    for (int s = 0; s < 16; ++s) of_groups.scales[s] = quant::iq4_xs::scale_of(from, s / 2);
  }

  int8x16_t levels(int part) const {
    const std::uint8_t* at = block.quants + 16 * (part / 2);
    const int8x16_t found = part % 2 == 0 ? low_half(at) : high_half(at);
    return vqtbl1q_s8(vld1q_s8(quant::iq4_nl::kCodebook), vreinterpretq_u8_s8(found));
  }
};

}  // namespace

void product_iq4_xs(const Product& p) noexcept { walk<Superblocks<Format>>(p); }

}  // namespace brim::kernels::neon
