// Q5_0: levels 0 … 31 stand for -16 … 15.
#include "kernels/neon/blocks.hpp"
#include "kernels/neon/products.hpp"
#include "quant/formats/q5_0.hpp"

namespace brim::kernels::neon {
namespace {

struct Format {
  using Block = quant::q5_0::Block;
  static constexpr bool kSmall = true;
  static constexpr bool kMinimum = false;

  static Levels levels(const Block& block) {
    return minus(with_fifth_bits(nibbles(block.quants), block.high_bits), 16);
  }
};

}  // namespace

void product_q5_0(const Product& p) noexcept { walk<Blocks<Format>>(p); }

}  // namespace brim::kernels::neon
