// IQ4_NL: signed levels from a table.
#include "kernels/neon/blocks.hpp"
#include "kernels/neon/products.hpp"
#include "quant/formats/iq4_nl.hpp"

namespace brim::kernels::neon {
namespace {

struct Format {
  using Block = quant::iq4_nl::Block;
  static constexpr bool kSmall = false;
  static constexpr bool kMinimum = false;

  static Levels levels(const Block& block) {
    const int8x16_t codebook = vld1q_s8(quant::iq4_nl::kCodebook);
    const Levels found = nibbles(block.quants);
    return {vqtbl1q_s8(codebook, vreinterpretq_u8_s8(found.first)),
            vqtbl1q_s8(codebook, vreinterpretq_u8_s8(found.last))};
  }
};

}  // namespace

void product_iq4_nl(const Product& p) noexcept { walk<Blocks<Format>>(p); }

}  // namespace brim::kernels::neon
