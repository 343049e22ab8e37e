// IQ4_XS: levels from a table, stored as level + 128: too large for 16-bit sums of pairs, so they are scaled in 32
// bits.
#include "kernels/avx512_vnni/products.hpp"
#include "kernels/avx512_vnni/superblocks.hpp"
#include "quant/formats/iq4_xs.hpp"

namespace brim::kernels::avx512_vnni {
namespace {

struct Format {
  using Block = quant::iq4_xs::Block;
  static constexpr bool kSigned = true;
  static constexpr bool kWide = true;

  /// 8 scales minus 32: each is stored as a nibble and two bits.
  static __m128i load_scales(const Block& block) {
    std::uint32_t low;
    __builtin_memcpy(&low, block.scales_low, 4);
    const __m256i counts = _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28);
    const __m256i nibbles =
        _mm256_and_si256(_mm256_srlv_epi32(_mm256_set1_epi32(static_cast<int>(low)), counts), _mm256_set1_epi32(15));
    const __m256i high = _mm256_set1_epi32(quant::load_u16(block.scales_high));
    const __m256i pairs = _mm256_and_si256(_mm256_srlv_epi32(high, _mm256_srli_epi32(counts, 1)), _mm256_set1_epi32(3));
    const __m256i both = _mm256_or_si256(nibbles, _mm256_slli_epi32(pairs, 4));
    return _mm256_cvtepi32_epi16(_mm256_sub_epi32(both, _mm256_set1_epi32(32)));
  }

  static Superblock load(const std::byte* at) {
    const Block& block = *reinterpret_cast<const Block*>(at);
    Superblock out;
    out.scale = quant::load(block.super_scale);
    out.minimum = out.scale;
    const __m128i scales = load_scales(block);
    // Each scale twice: once for the offset of 128 of every sum of 16 activations.
    out.offsets =
        _mm256_slli_epi16(_mm256_set_m128i(_mm_unpackhi_epi16(scales, scales), _mm_unpacklo_epi16(scales, scales)), 7);
    const __m512i wide = _mm512_castsi256_si512(_mm256_cvtepi16_epi32(scales));
    const __m512i one_each = _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
    const __m128i codebook = _mm_loadu_si128(reinterpret_cast<const __m128i*>(quant::iq4_nl::kCodebook));
    const __m512i levels = _mm512_xor_si512(_mm512_broadcast_i32x4(codebook), _mm512_set1_epi8(-128));
    for (int i = 0; i < 4; ++i) {
      out.scales[i] = _mm512_permutexvar_epi32(_mm512_add_epi32(one_each, _mm512_set1_epi32(2 * i)), wide);
      // 16 bytes are a sub-block; the low halves are its first 16 values: [a b] becomes [a a b b], shifted by 0 4 0 4.
      const __m256i packed = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block.quants + 32 * i));
      const __m512i twice =
          _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 1, 0, 1, 2, 3, 2, 3), _mm512_castsi256_si512(packed));
      const __m512i counts =
          _mm512_set_epi64(0x0004000400040004, 0x0004000400040004, 0, 0, 0x0004000400040004, 0x0004000400040004, 0, 0);
      const __m512i nibbles = _mm512_and_si512(_mm512_srlv_epi16(twice, counts), _mm512_set1_epi8(15));
      out.quants[i] = _mm512_shuffle_epi8(levels, nibbles);
    }
    return out;
  }
};

}  // namespace

void product_iq4_xs(const Product& p) noexcept { walk<Superblocks<Format>>(p); }

}  // namespace brim::kernels::avx512_vnni
