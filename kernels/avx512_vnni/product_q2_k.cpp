// Q2_K: levels 0 … 3, a 4-bit scale and minimum for 16 values.
#include "kernels/avx512_vnni/products.hpp"
#include "kernels/avx512_vnni/superblocks.hpp"
#include "quant/formats/q2_k.hpp"

namespace brim::kernels::avx512_vnni {
namespace {

struct Format {
  using Block = quant::q2_k::Block;
  static constexpr bool kSigned = false;
  static constexpr bool kWide = false;

  static Superblock load(const std::byte* at) {
    const Block& block = *reinterpret_cast<const Block*>(at);
    Superblock out;
    out.scale = quant::load(block.super_scale);
    out.minimum = quant::load(block.super_minimum);
    const __m128i both = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block.scales));
    const __m128i nibble = _mm_set1_epi8(15);
    const __m256i scales = _mm256_cvtepu8_epi16(_mm_and_si128(both, nibble));
    out.offsets = _mm256_cvtepu8_epi16(_mm_and_si128(_mm_srli_epi16(both, 4), nibble));
    out.scales[0] = spread_16<0>(scales);
    out.scales[1] = spread_16<1>(scales);
    out.scales[2] = spread_16<2>(scales);
    out.scales[3] = spread_16<3>(scales);
    for (int half = 0; half < 2; ++half) {
      const __m512i packed = load_twice(block.quants + 32 * half);
      const __m512i two_bits = _mm512_set1_epi8(3);
      out.quants[2 * half] = _mm512_and_si512(_mm512_srlv_epi16(packed, two_counts(0, 2)), two_bits);
      out.quants[2 * half + 1] = _mm512_and_si512(_mm512_srlv_epi16(packed, two_counts(4, 6)), two_bits);
    }
    return out;
  }
};

}  // namespace

void product_q2_k(const Product& p) noexcept { walk<Superblocks<Format>>(p); }

}  // namespace brim::kernels::avx512_vnni
