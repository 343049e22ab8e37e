// IQ4_NL: signed levels from a table.
#include "kernels/avx2/blocks.hpp"
#include "kernels/avx2/products.hpp"
#include "quant/formats/iq4_nl.hpp"

namespace brim::kernels::avx2 {
namespace {

struct Format {
  using Block = quant::iq4_nl::Block;
  static constexpr bool kMinimum = false;
  static constexpr bool kSigned = true;

  static FourBlocks load(const Block* blocks) {
    FourBlocks out;
    out.scale = four_halves(blocks[0].scale, blocks[1].scale, blocks[2].scale, blocks[3].scale);
    load_nibbles(blocks, out);
    const __m256i levels = _mm256_broadcastsi128_si256(load_128(quant::iq4_nl::kCodebook));
    for (int pair = 0; pair < 2; ++pair) {
      out.first[pair] = _mm256_shuffle_epi8(levels, out.first[pair]);
      out.last[pair] = _mm256_shuffle_epi8(levels, out.last[pair]);
    }
    return out;
  }
};

}  // namespace

void product_iq4_nl(const Product& p) noexcept { walk<Blocks<Format>>(p); }

}  // namespace brim::kernels::avx2
