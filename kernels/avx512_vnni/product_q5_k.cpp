// Q5_K: as Q4_K, with a fifth bit: bit s of high_bits[l] for value l of sub-block s.
#include "kernels/avx512_vnni/products.hpp"
#include "kernels/avx512_vnni/superblocks.hpp"
#include "quant/formats/q5_k.hpp"

namespace brim::kernels::avx512_vnni {
namespace {

struct Format {
  using Block = quant::q5_k::Block;
  static constexpr bool kSigned = false;
  static constexpr bool kWide = false;

  static Superblock load(const std::byte* at) {
    const Block& block = *reinterpret_cast<const Block*>(at);
    Superblock out;
    out.scale = quant::load(block.super_scale);
    out.minimum = quant::load(block.super_minimum);
    set_six_bits(block.scales, out);
    const __m512i counts = two_counts(0, 4);
    const __m512i high_bits = load_twice(block.high_bits);
    for (int i = 0; i < 4; ++i) {
      const __m512i low =
          _mm512_and_si512(_mm512_srlv_epi16(load_twice(block.quants + 32 * i), counts), _mm512_set1_epi8(15));
      const __m512i bit = _mm512_inserti64x4(_mm512_set1_epi8(static_cast<char>(1 << 2 * i)),
                                             _mm256_set1_epi8(static_cast<char>(2 << 2 * i)), 1);
      out.quants[i] = _mm512_mask_add_epi8(low, _mm512_test_epi8_mask(high_bits, bit), low, _mm512_set1_epi8(16));
    }
    return out;
  }
};

}  // namespace

void product_q5_k(const Product& p) noexcept { walk<Superblocks<Format>>(p); }

}  // namespace brim::kernels::avx512_vnni
