// Q4_0: levels 0 … 15 stand for -8 … 7.
#include "kernels/avx2/blocks.hpp"
#include "kernels/avx2/products.hpp"
#include "quant/formats/q4_0.hpp"

namespace brim::kernels::avx2 {
namespace {

struct Format {
  using Block = quant::q4_0::Block;
  static constexpr bool kMinimum = false;
  static constexpr bool kSigned = false;
  static constexpr int kOffsetShift = 3;

  static FourBlocks load(const Block* blocks) {
    FourBlocks out;
    out.scale = four_halves(blocks[0].scale, blocks[1].scale, blocks[2].scale, blocks[3].scale);
    load_nibbles(blocks, out);
    return out;
  }
};

}  // namespace

void product_q4_0(const Product& p) noexcept { walk<Blocks<Format>>(p); }

}  // namespace brim::kernels::avx2
