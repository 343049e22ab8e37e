// Q8_0: signed levels as they are.
#include "kernels/avx2/blocks.hpp"
#include "kernels/avx2/products.hpp"
#include "quant/formats/q8_0.hpp"

namespace brim::kernels::avx2 {
namespace {

struct Format {
  using Block = quant::q8_0::Block;
  static constexpr bool kMinimum = false;
  static constexpr bool kSigned = true;

  static FourBlocks load(const Block* blocks) {
    FourBlocks out;
    out.scale = four_halves(blocks[0].scale, blocks[1].scale, blocks[2].scale, blocks[3].scale);
    for (int pair = 0; pair < 2; ++pair) {
      const auto* low = blocks[2 * pair].quants;
      const auto* high = blocks[2 * pair + 1].quants;
      out.first[pair] = load_pair(low, high);
      out.last[pair] = load_pair(low + 16, high + 16);
    }
    return out;
  }
};

}  // namespace

void product_q8_0(const Product& p) noexcept { walk<Blocks<Format>>(p); }

}  // namespace brim::kernels::avx2
