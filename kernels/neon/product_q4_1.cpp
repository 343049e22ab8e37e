// Q4_1: levels 0 … 15 above a minimum.
#include "kernels/neon/blocks.hpp"
#include "kernels/neon/products.hpp"
#include "quant/formats/q4_1.hpp"

namespace brim::kernels::neon {
namespace {

struct Format {
  using Block = quant::q4_1::Block;
  static constexpr bool kSmall = true;
  static constexpr bool kMinimum = true;

  static Levels levels(const Block& block) { return nibbles(block.quants); }
};

}  // namespace

void product_q4_1(const Product& p) noexcept { walk<Blocks<Format>>(p); }

}  // namespace brim::kernels::neon
