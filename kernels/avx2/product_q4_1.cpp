// Q4_1: levels 0 … 15 above a minimum.
#include "kernels/avx2/blocks.hpp"
#include "kernels/avx2/products.hpp"
#include "quant/formats/q4_1.hpp"

namespace brim::kernels::avx2 {
namespace {

struct Format {
  using Block = quant::q4_1::Block;
  static constexpr bool kMinimum = true;
  static constexpr bool kSigned = false;

  static FourBlocks load(const Block* blocks) {
    FourBlocks out;
    out.scale = four_halves(blocks[0].scale, blocks[1].scale, blocks[2].scale, blocks[3].scale);
    out.minimum = four_halves(blocks[0].minimum, blocks[1].minimum, blocks[2].minimum, blocks[3].minimum);
    load_nibbles(blocks, out);
    return out;
  }
};

}  // namespace

void product_q4_1(const Product& p) noexcept { walk<Blocks<Format>>(p); }

}  // namespace brim::kernels::avx2
