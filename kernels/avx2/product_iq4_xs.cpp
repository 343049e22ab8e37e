// IQ4_XS: signed levels from a table, a 6-bit scale for 32 values.
#include "kernels/avx2/products.hpp"
#include "kernels/avx2/superblocks.hpp"
#include "quant/formats/iq4_xs.hpp"

namespace brim::kernels::avx2 {
namespace {

struct Format {
  using Block = quant::iq4_xs::Block;
  static constexpr bool kSigned = true;
  static constexpr Offsets kOffsets = Offsets::kNone;

  const Block& block;
  ScalesOf32 sub_scales;

  explicit Format(const Block& from) : block(from), sub_scales(load_scales(from)) {}

  __m256i scales(int part) const { return sub_scales.at(part); }
  __m256i quants(int part) const {
    const __m128i bytes = load_128(block.quants + 16 * part);
    const __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(bytes), _mm_srli_epi16(bytes, 4), 1);
    const __m256i levels = _mm256_broadcastsi128_si256(load_128(quant::iq4_nl::kCodebook));
    return _mm256_shuffle_epi8(levels, _mm256_and_si256(both, _mm256_set1_epi8(15)));
  }

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
    const __m256i scales = _mm256_sub_epi32(both, _mm256_set1_epi32(32));
    return _mm_packs_epi32(_mm256_castsi256_si128(scales), _mm256_extracti128_si256(scales, 1));
  }
};

}  // namespace

void product_iq4_xs(const Product& p) noexcept { walk<Superblocks<Format>>(p); }

}  // namespace brim::kernels::avx2
