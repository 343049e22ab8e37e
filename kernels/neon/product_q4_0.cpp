// Q4_0: levels 0 … 15 stand for -8 … 7.
#include "kernels/neon/blocks.hpp"
#include "kernels/neon/products.hpp"
#include "quant/formats/q4_0.hpp"

namespace brim::kernels::neon {
namespace {

struct Format {
  using Block = quant::q4_0::Block;
  static constexpr bool kSmall = true;
  static constexpr bool kMinimum = false;

  static Levels levels(const Block& block) { return minus(nibbles(block.quants), 8); }
};

}  // namespace

void product_q4_0(const Product& p) noexcept { walk<Blocks<Format>>(p); }

}  // namespace brim::kernels::neon
