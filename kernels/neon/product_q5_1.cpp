// Q5_1: levels 0 … 31 above a minimum.
#include "kernels/neon/blocks.hpp"
#include "kernels/neon/products.hpp"
#include "quant/formats/q5_1.hpp"

namespace brim::kernels::neon {
namespace {

struct Format {
  using Block = quant::q5_1::Block;
  static constexpr bool kSmall = true;
  static constexpr bool kMinimum = true;

  static Levels levels(const Block& block) { return with_fifth_bits(nibbles(block.quants), block.high_bits); }
};

}  // namespace

void product_q5_1(const Product& p) noexcept { walk<Blocks<Format>>(p); }

}  // namespace brim::kernels::neon
