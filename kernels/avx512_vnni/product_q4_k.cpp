// Q4_K: each 32 bytes hold two sub-blocks, the first in the low halves.
#include "kernels/avx512_vnni/products.hpp"
#include "kernels/avx512_vnni/superblocks.hpp"
#include "quant/formats/q4_k.hpp"

namespace brim::kernels::avx512_vnni {
namespace {

struct Format {
  using Block = quant::q4_k::Block;
  static constexpr bool kSigned = false;
  static constexpr bool kWide = false;

  static Superblock load(const std::byte* at) {
    const Block& block = *reinterpret_cast<const Block*>(at);
    Superblock out;
    out.scale = quant::load(block.super_scale);
    out.minimum = quant::load(block.super_minimum);
    set_six_bits(block.scales, out);
    const __m512i counts = two_counts(0, 4);
    for (int i = 0; i < 4; ++i) {
      out.quants[i] =
          _mm512_and_si512(_mm512_srlv_epi16(load_twice(block.quants + 32 * i), counts), _mm512_set1_epi8(15));
    }
    return out;
  }
};

}  // namespace

void product_q4_k(const Product& p) noexcept { walk<Superblocks<Format>>(p); }

}  // namespace brim::kernels::avx512_vnni
