// Q6_K: levels 0 … 63 stand for -32 … 31; four low bits and two high bits stored separately, a scale per 16 values.
#include "kernels/avx512_vnni/products.hpp"
#include "kernels/avx512_vnni/superblocks.hpp"
#include "quant/formats/q6_k.hpp"

namespace brim::kernels::avx512_vnni {
namespace {

struct Format {
  using Block = quant::q6_k::Block;
  static constexpr bool kSigned = true;
  static constexpr bool kWide = false;

  static Superblock load(const std::byte* at) {
    const Block& block = *reinterpret_cast<const Block*>(at);
    Superblock out;
    out.scale = quant::load(block.super_scale);
    set_signed_scales<5>(_mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block.scales))), out);
    const __m512i two_bits = _mm512_set1_epi8(0x30);
    for (int half = 0; half < 2; ++half) {
      const __m512i low = load_512(block.low_bits + 64 * half);
      const __m512i high = load_twice(block.high_bits + 32 * half);
      // Bits 0, 1 and 2, 3 of high_bits become bits 4, 5 of the first 64 values; its bits 4, 5 and 6, 7 become those of
      // the others.
      const __m512i first = _mm512_and_si512(_mm512_sllv_epi16(high, two_counts(4, 2)), two_bits);
      const __m512i last = _mm512_and_si512(_mm512_srlv_epi16(high, two_counts(0, 2)), two_bits);
      const __m512i nibble = _mm512_set1_epi8(15);
      out.quants[2 * half] = _mm512_or_si512(_mm512_and_si512(low, nibble), first);
      out.quants[2 * half + 1] = _mm512_or_si512(_mm512_and_si512(_mm512_srli_epi16(low, 4), nibble), last);
    }
    return out;
  }
};

}  // namespace

void product_q6_k(const Product& p) noexcept { walk<Superblocks<Format>>(p); }

}  // namespace brim::kernels::avx512_vnni
