// Q5_0: levels 0 … 31 stand for -16 … 15.
#include "kernels/avx2/blocks.hpp"
#include "kernels/avx2/products.hpp"
#include "quant/formats/q5_0.hpp"

namespace brim::kernels::avx2 {
namespace {

struct Format {
  using Block = quant::q5_0::Block;
  static constexpr bool kMinimum = false;
  static constexpr bool kSigned = false;
  static constexpr int kOffsetShift = 4;

  static FourBlocks load(const Block* blocks) {
    FourBlocks out;
    out.scale = four_halves(blocks[0].scale, blocks[1].scale, blocks[2].scale, blocks[3].scale);
    load_nibbles(blocks, out);
    add_fifth_bits(blocks, out);
    return out;
  }
};

}  // namespace

void product_q5_0(const Product& p) noexcept { walk<Blocks<Format>>(p); }

}  // namespace brim::kernels::avx2
